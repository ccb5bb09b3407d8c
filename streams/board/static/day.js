// One operator's day, hour by hour, in a window over the floor.

import { duration, shareOf } from "./cells.js";
import { el } from "./dom.js";
import { factsOf } from "./facts.js";

const COUNTS = ["calls", "conversations", "appointments", "sales"];
const RATES = ["contact_rate", "appointments_per_conversation", "forced_rate"];

export class Day {
  constructor(dialog, format, closed) {
    this.dialog = dialog;
    this.format = format;
    this.operator = null;
    this.asked = null;
    dialog.addEventListener("close", () => {
      this.operator = null;
      closed();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  async open(operator, person, teams) {
    this.teams = teams;
    this.operator = operator;
    this.asked = null;
    this.person = person;
    this.show([el("p.wait", { role: "status" }, this.format.say("day.reading"))]);
    if (!this.dialog.open) this.dialog.showModal();
    await this.read();
  }

  /** Fetches anew: when opened, and when the operator's row has changed. */
  async read() {
    const { operator } = this;
    // Facts are read once: they must not move under the eye.
    if (this.asked) return;
    let content;
    try {
      const response = await fetch(`/api/operators/${encodeURIComponent(operator)}/day`);
      const answer = await response.json();
      content = response.ok ? [this.table(answer)] : [el("p.wait", { role: "status" }, answer.error)];
    } catch {
      content = [el("p.wait", { role: "status" }, this.format.say("day.lost"))];
    }
    if (this.operator === operator && !this.asked) this.show(content);
  }

  show(content) {
    const { format, person, operator, teams } = this;
    const focused = this.dialog.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const close = el("button.plain", { type: "button", "data-focus": "close" }, format.say("day.close"));
    close.addEventListener("click", () => this.dialog.close());
    const under = [person?.name ? operator : null, teams[person?.team] ?? person?.team, person?.site];
    this.dialog.replaceChildren(
      el("header", {}, el("h2", { id: "day-title" }, person?.name ?? operator), el("p", {}, under.filter(Boolean).join(" · ")), close),
      ...content);
    (this.dialog.querySelector(`[data-focus="${focused}"]`) ?? close).focus();
  }

  table({ hours, total }) {
    const { format } = this;
    const heads = [format.say("strip.hour"), ...COUNTS.map((name) => format.words[`count.${name}`]),
      ...["contact_rate", "mean_conversation_seconds", "appointments_per_conversation", "forced_rate"].map((name) => format.words[`kpi.${name}`])];
    return el("div.scroll", { tabindex: "0", "aria-label": format.say("day.hours") }, el("table", {},
      el("caption.spoken", {}, format.say("day.hours")),
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...hours.map((hour) => this.line(hour, format.hour(hour.window.start)))),
      el("tfoot", {}, this.line(total, format.say("window.today")))));
  }

  line(hour, name) {
    const { format } = this;
    const [contact, appointments, forced] = RATES.map((rate) => el("td.wide", {}, ...shareOf(hour[rate], format)));
    return el("tr", {}, el("th", { scope: "row" }, hour.running && name !== format.say("window.today") ? `${name} …` : name),
      ...COUNTS.map((count) => this.number(hour, count, name)), contact,
      el("td", {}, duration(hour.mean_conversation_seconds, format)), appointments, forced);
  }

  /** An hour's number leads to the facts behind it; the day's sum has none of its own. */
  number(hour, count, name) {
    const text = this.format.number(hour[count]);
    if (hour[count] === 0 || name === this.format.say("window.today")) return el("td", { "data-count": count }, text);
    const label = this.format.say("facts.open", { n: text, things: this.format.words[`count.${count}`], hour: name });
    const button = el("button.plain", { type: "button", "aria-label": label, "data-focus": `${hour.window.start} ${count}` }, text);
    button.addEventListener("click", () => this.facts(hour, count, name));
    return el("td", { "data-count": count }, button);
  }

  /** The facts of an hour that add to a count, in place of the day; a button leads back. */
  async facts(hour, count, name) {
    const { format, operator } = this;
    this.asked = { hour, count, name };
    const back = el("button.plain", { type: "button", "data-focus": "back" }, format.say("facts.back"));
    back.addEventListener("click", () => {
      this.asked = null;
      this.read();
    });
    const title = el("h3", {}, `${format.words[`count.${count}`]}, ${name}`);
    this.show([back, title, el("p.wait", { role: "status" }, format.say("facts.reading"))]);
    const content = await factsOf(operator, hour.window.start, count, format);
    if (this.operator === operator && this.asked?.hour === hour && this.asked.count === count) {
      this.show([back, title, ...content]);
      back.focus();
    }
  }
}
