// The table of operators: rows are made once and only what has changed in them is touched.

import { el, spoken } from "./dom.js";
import { COLUMNS } from "./cells.js";

const SORT_AGAIN_MS = 5_000;

export class People {
  /** `opened(operator)` is called when a row is chosen; `sorted(text)` when the order was. */
  constructor(table, format, sort, opened, sorted) {
    this.table = table;
    this.body = table.tBodies[0];
    this.format = format;
    this.opened = opened;
    this.sorted = sorted;
    this.rows = new Map();
    this.chosen = () => true;
    this.collator = new Intl.Collator(format.locale, { numeric: true });
    const [name, way] = (sort ?? "").split(" ");
    const isKnown = COLUMNS.some((column) => column.name === name);
    this.sort = { name: isKnown ? name : "operator", isDown: isKnown && way === "down" };
    this.lastSorted = 0;
    this.heads();
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row && !String(getSelection())) this.opened(row.dataset.operator);
    });
  }

  /** Takes over an event's rows. `trouble(person)` says whether a row stands still. */
  take({ head, whole, rows, gone }, trouble) {
    if (whole) for (const operator of this.rows.keys()) if (!rows.some((person) => person.operator === operator)) gone = [...gone, operator];
    for (const operator of gone) {
      this.rows.get(operator)?.line.remove();
      this.rows.delete(operator);
    }
    for (const person of rows) {
      const row = this.rows.get(person.operator) ?? this.line(person);
      row.person = person;
    }
    this.now = head.now;
    this.teams = head.team_names;
    for (const row of this.rows.values()) this.fill(row, trouble);
    this.arrange();
  }

  /** Shows the rows that `chosen(person)` takes. */
  choose(chosen) {
    this.chosen = chosen;
    this.arrange(true);
  }

  get shown() {
    return [...this.rows.values()].filter((row) => !row.line.hidden).length;
  }

  line(person) {
    const cells = COLUMNS.map((column) => (column.name === "operator" ? el("th", { scope: "row" }) : el(column.wide ? "td.wide" : "td")));
    const row = { line: el("tr", {}, ...cells), cells, keys: COLUMNS.map(() => undefined), person };
    row.line.dataset.operator = person.operator;
    this.rows.set(person.operator, row);
    this.lastSorted = 0;
    return row;
  }

  fill(row, trouble) {
    const { person } = row;
    const isStill = trouble(person);
    if (row.isStill !== isStill) row.line.classList.toggle("still", isStill);
    row.isStill = isStill;
    COLUMNS.forEach((column, place) => {
      const key = column.key ? column.key(person, this.now) : `${person.name} ${person.team} ${this.teams[person.team]} ${isStill}`;
      if (row.keys[place] === key) return;
      row.keys[place] = key;
      row.cells[place].replaceChildren(...(column.draw ? column.draw(person, this.format, this.now) : this.who(person, isStill)));
    });
  }

  who(person, isStill) {
    const still = isStill ? el("small.frozen", {}, this.format.say("fresh.stale")) : null;
    const under = [person.name && person.operator, this.teams[person.team] ?? person.team].filter(Boolean);
    return [el("button.who", { type: "button" }, person.name ?? person.operator, spoken(`, ${this.format.say("floor.open")}`)),
      ...under.map((text) => el("small", {}, text)), ...(still ? [still] : [])];
  }

  /** Hides and orders. By itself not too often, and not under a keyboard's focus, so that nothing jumps away. */
  arrange(now = false) {
    for (const row of this.rows.values()) row.line.hidden = !this.chosen(row.person);
    const isHeld = this.body.contains(document.activeElement) || Date.now() - this.lastSorted < SORT_AGAIN_MS;
    if (isHeld && !now) return;
    this.lastSorted = Date.now();
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    let place = this.body.firstElementChild;
    for (const { line } of this.ordered()) {
      if (line === place) place = place.nextElementSibling;
      else this.body.insertBefore(line, place);
    }
    focused?.focus();
  }

  /** Those without a value last, whichever way; equals by name. */
  ordered() {
    const column = COLUMNS.find(({ name }) => name === this.sort.name);
    const name = ({ person }) => person.name ?? person.operator;
    const sign = this.sort.isDown ? -1 : 1;
    const byName = (a, b) => this.collator.compare(name(a), name(b));
    if (!column.order) return [...this.rows.values()].sort((a, b) => sign * byName(a, b));
    const keyed = [...this.rows.values()].map((row) => [column.order(row.person), row]);
    keyed.sort(([a, one], [b, other]) => {
      if (a === null || b === null) return (a === null) - (b === null) || byName(one, other);
      return sign * (a - b) || byName(one, other);
    });
    return keyed.map(([, row]) => row);
  }

  heads() {
    this.groups = el("tr.groups");
    const labels = COLUMNS.map((column) => {
      const button = el("button.sort", { type: "button" }, column.label(this.format), el("span.arrow", { "aria-hidden": "true" }));
      button.addEventListener("click", () => this.order(column));
      return el(column.wide ? "th.wide" : "th", { scope: "col", "data-column": column.name }, button);
    });
    this.labels = el("tr", {}, ...labels);
    this.table.querySelector("colgroup").replaceChildren(...COLUMNS.map(({ name }) => el("col", { class: `of-${name.replace(".", "-")}` })));
    this.table.tHead.replaceChildren(this.groups, this.labels);
    this.mark();
  }

  /** The row above the heads: which window the columns are over. */
  windows(texts) {
    const groups = [];
    for (const { window } of COLUMNS) {
      if (groups.at(-1)?.window === window) groups.at(-1).span += 1;
      else groups.push({ window, span: 1 });
    }
    this.groups.replaceChildren(...groups.map(({ window, span }) =>
      el("th", { scope: "colgroup", colspan: span }, texts[window] ?? "")));
  }

  order(column) {
    const isSame = this.sort.name === column.name;
    // Numbers first show the largest, names the first.
    this.sort = { name: column.name, isDown: isSame ? !this.sort.isDown : column.name !== "operator" };
    this.mark();
    this.arrange(true);
    this.sorted(`${this.sort.name} ${this.sort.isDown ? "down" : "up"}`);
  }

  mark() {
    for (const head of this.labels.cells) {
      const isSorted = head.dataset.column === this.sort.name;
      if (isSorted) head.setAttribute("aria-sort", this.sort.isDown ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }
}
