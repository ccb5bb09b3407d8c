// The wall: takes the board's events, draws them, and keeps its own eye on their age.

import { Connection } from "./connection.js";
import { el, show } from "./dom.js";
import { Format } from "./format.js";
import { mixOf } from "./mix.js";
import { bannerOf, emptyOf, freshText, isEmpty, troubleOf } from "./states.js";
import { stripOf } from "./strip.js";
import { nowTiles, resultTiles } from "./tiles.js";

const root = document.documentElement;
const query = new URLSearchParams(location.search);
const format = new Format(root.lang, await (await fetch(`/words/${root.lang}.json`)).json());
let wall = null;
let said = null;

const site = query.get("site");
const address = site === null ? "/api/events" : `/api/events?${new URLSearchParams({ site })}`;
const connection = new Connection(address, root.dataset.build, (heard) => {
  wall = heard;
  wall.heard = heard.now;
  format.zone = wall.site.time_zone;
  draw();
  tick();
});

label();
show("empty", el("h2.empty-title", {}, format.say("empty.connect")));
document.getElementById("empty").hidden = false;
document.getElementById("wall").dataset.view = "empty";
setInterval(tick, 500);

function label() {
  const labels = { now: "now", brings: "brings", sites: "sites", display: "settings", clock: "clock", main: "numbers" };
  for (const [id, key] of Object.entries(labels)) document.getElementById(id).setAttribute("aria-label", format.say(key));
  document.getElementById("strip").setAttribute("aria-labelledby", "strip-title");
  document.getElementById("mix").setAttribute("aria-labelledby", "mix-title");
  const theme = root.dataset.theme === "light" ? "dark" : "light";
  show("display",
    el("a", { href: withQuery("lang", root.lang === "fr" ? "en" : "fr"), hreflang: root.lang === "fr" ? "en" : "fr" }, format.say("other_language")),
    " ", el("a", { href: withQuery("theme", theme) }, format.say(theme)));
}

function withQuery(key, value) {
  const changed = new URLSearchParams(location.search);
  if (value === null) changed.delete(key);
  else changed.set(key, value);
  return `?${changed}`;
}

function draw() {
  const isBlank = isEmpty(wall);
  document.getElementById("wall").dataset.view = isBlank ? "empty" : "full";
  document.getElementById("empty").hidden = !isBlank;
  if (isBlank) show("empty", ...emptyOf(wall, format));
  show("now", ...nowTiles(wall, format));
  show("brings", ...resultTiles(wall, format));
  show("strip", ...stripOf(wall, format));
  show("mix", ...mixOf(wall, format));
  const { operators, site: { id, sites } } = wall;
  show("site", id ?? (sites.length ? format.say("all_sites") : "Dialpulse"));
  show("about", about(wall.site));
  show("active", isBlank ? "" : format.count("active", operators.active, { time: format.time(operators.since) }));
  show("rule", rule(wall.conversation_rule));
  show("revised", format.say("revised", { time: format.time(wall.as_of, true) }));
  drawSites(wall.site);
}

function about({ known, mixed_zones: isMixed, id, sites }) {
  if (!known) return format.say("site_unknown");
  if (isMixed) return format.say("sites_mixed", { n: format.number(sites.length) });
  if (id === null && sites.length) return format.say("sites_summed", { n: format.number(sites.length) });
  return sites.length ? format.say("all_campaigns") : "";
}

function drawSites({ sites, id, mixed_zones: isMixed }) {
  const nav = document.getElementById("sites");
  nav.hidden = sites.length < 2;
  const link = (name, target, isHere) => el("a", { href: withQuery("site", target), "aria-current": isHere ? "page" : null }, name);
  const all = isMixed || id === null || site !== null ? [] : [link(format.say("all_sites"), null, false)];
  const every = site !== null ? [link(format.say("all_sites"), null, false)] : all;
  const wanted = [...every, ...sites.map((name) => link(name, name, name === id))];
  // Drawn only when it changes, so that whoever tabs through it keeps their place.
  if (nav.dataset.drawn === JSON.stringify([sites, id])) return;
  nav.dataset.drawn = JSON.stringify([sites, id]);
  nav.replaceChildren(...wanted.flatMap((one) => [" ", one]));
}

function rule(name) {
  if (name === null) return "";
  const [, kind, seconds] = /^(.*?)(?:-(\d+)s)?$/.exec(name);
  const key = `rule.${kind}`;
  const words = key in format.words ? format.say(key, { n: seconds }) : name;
  return format.say("rule", { rule: words });
}

/** Twice a second, whether or not anything was heard: the clock, the age, and whether to cry. */
function tick() {
  connection.check();
  const trouble = troubleOf(wall, connection);
  document.getElementById("wall").dataset.state = trouble ? "stale" : wall ? wall.freshness.state : "connecting";
  drawBanner(trouble);
  if (wall === null) return;
  const silence = connection.silence;
  show("fresh-text", trouble ? format.say("fresh.stale") : freshText(wall, silence, format));
  document.querySelector("#clock time").textContent = format.time(Date.parse(wall.now) + silence);
}

function drawBanner(trouble) {
  const banner = document.getElementById("banner");
  const saying = trouble && JSON.stringify([trouble, wall?.freshness.operators, wall?.freshness.partitions]);
  if (saying === said) return;
  said = saying;
  banner.hidden = !trouble;
  banner.replaceChildren(...(trouble ? bannerOf(trouble, wall, format) : []));
}
