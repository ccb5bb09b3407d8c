// The floor: a row per operator, live; an operator's day on a click.

import { Day } from "./day.js";
import { el, show } from "./dom.js";
import { Filters } from "./filters.js";
import { Frame, format, query, withQuery } from "./frame.js";
import { People } from "./people.js";
import { emptyOf } from "./states.js";

const table = document.getElementById("people");
const empty = document.getElementById("empty");
const people = new People(table, format, query.get("sort"), open, (sort) => remember({ sort: sort === "operator up" ? null : sort }));
const filters = new Filters(document.getElementById("filters"), choose);
const day = new Day(document.getElementById("day"), format, () => remember({ operator: null }));

table.caption.textContent = format.say("floor.caption");
show("empty", el("h2.empty-title", {}, format.say("empty.connect")));
empty.hidden = false;
people.choose((person) => filters.takes(person));
const frame = new Frame("floor", "/api/floor/events", draw);
let opened = query.get("operator");

function draw(change) {
  const { head } = change;
  format.zone = head.site.time_zone;
  filters.take(head);
  people.windows({
    hour: `${format.say("since", { hour: format.hour(head.hour.start) })}`,
    today: format.say("window.today"),
    kept: format.say("floor.kept", { n: format.number((Date.parse(head.kept.end) - Date.parse(head.kept.start)) / 3_600_000) }),
  });
  people.take(change, stillness(head));
  const isEmpty = people.rows.size === 0;
  table.hidden = isEmpty;
  empty.hidden = !isEmpty;
  if (isEmpty) show("empty", ...emptyOf(head, format));
  choose();
  if (opened !== null) open(opened);
  else if (day.operator !== null && change.rows.some((person) => person.operator === day.operator)) day.read();
  opened = null;
  return head;
}

/** Which rows stand still: all without Redis, else those whose partition is silent. */
function stillness({ freshness: { state, causes, partitions } }) {
  if (state !== "stale") return () => false;
  if (causes.includes("redis")) return () => true;
  const silent = new Set(partitions.silent);
  return (person) => silent.has(person.partition);
}

function choose() {
  people.arrange();
  const [shown, all] = [people.shown, people.rows.size];
  const text = shown === all ? format.count("floor.shown", all) : format.say("floor.shown_of", { n: format.number(shown), all: format.number(all) });
  const place = document.getElementById("shown");
  if (place.textContent !== text) place.textContent = text;
}

function open(operator) {
  remember({ operator });
  day.open(operator, people.rows.get(operator)?.person, people.teams);
}

function remember(changes) {
  history.replaceState(null, "", withQuery(changes));
}
