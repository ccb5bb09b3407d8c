// The columns of the floor: what each is called, how a row is ordered by it, and what stands in its cell.

import { el, sized, spoken } from "./dom.js";

const QUIET_AFTER_MIN = 15;
const SLOT_MS = 300_000;

/** A share that can be put in order: one over too few cases has no place. */
const order = (ratio) => (ratio.too_few || ratio.value === null ? null : ratio.value);

const count = (name, value, window) => ({
  name, window, label: (format) => format.words[`count.${name.split(".").pop()}`], order: value,
  key: value, draw: (person, format) => [format.number(value(person))],
});

const share = (name, window, label) => ({
  name, window, label: (format) => format.words[`kpi.${label ?? name}`], order: (person) => order(person[name]),
  key: (person) => Object.values(person[name]).join(), draw: (person, format) => shareOf(person[name], format), wide: true,
});

/** The columns in the order they stand. The window a column is over is the group that heads it. */
export const COLUMNS = [
  { name: "operator", window: "who", label: (format) => format.say("floor.operator"), order: null, key: null },
  count("hour.calls", (person) => person.hour.calls, "hour"),
  count("hour.conversations", (person) => person.hour.conversations, "hour"),
  count("hour.appointments", (person) => person.hour.appointments, "hour"),
  count("calls", (person) => person.calls, "today"),
  count("conversations", (person) => person.conversations, "today"),
  share("contact_rate", "today"),
  { name: "mean", window: "today", label: (format) => format.words["kpi.mean_conversation_seconds"],
    order: (person) => person.mean_conversation_seconds.value, key: (person) => person.mean_conversation_seconds.value,
    draw: (person, format) => [duration(person.mean_conversation_seconds, format)] },
  count("appointments", (person) => person.appointments, "today"),
  share("appointments_per_conversation", "today"),
  share("forced_rate", "kept"),
  { name: "activity", window: "today", label: (format) => format.say("floor.activity"), order: (person) => Date.parse(person.last_slot) || null,
    key: (person, now) => `${person.last_slot} ${quietFor(person, now)}`, draw: activity, wide: true },
];

/** `24.5 %` with its interval in words and as a band, or the counts in grey where there are too few. */
export function shareOf(ratio, format) {
  if (ratio.denominator === 0) return [el("span.none", {}, "–")];
  if (ratio.too_few) {
    const counts = `${format.number(ratio.numerator)}/${format.number(ratio.denominator)}`;
    return [el("span.few", { title: format.say("too_few") }, counts, spoken(`, ${format.say("too_few")}`))];
  }
  const value = el("span.value", {}, format.share(ratio.value));
  if (ratio.low === null) return [value];
  const band = sized(el("span.mini", { "aria-hidden": "true" }), { low: ratio.low, high: ratio.high, at: ratio.value });
  return [value, " ", el("small", { title: format.say("interval") }, format.range(ratio.low, ratio.high)), band];
}

export function duration(ratio, format) {
  return ratio.value === null ? el("span.none", {}, "–") : format.duration(ratio.value);
}

function activity(person, format, now) {
  if (person.last_slot === null) return [el("span.none", {}, "–")];
  const minutes = quietFor(person, now);
  const time = el("span.value", {}, format.time(person.last_slot));
  if (minutes < QUIET_AFTER_MIN) return [time];
  return [time, " ", el("small.quiet", {}, format.say("floor.quiet", { age: format.age(minutes * 60) }))];
}

/** Whole minutes since the end of the latest five in which something began, in steps, so that cells seldom change. */
function quietFor(person, now) {
  const minutes = Math.floor((Date.parse(now) - Date.parse(person.last_slot) - SLOT_MS) / 60_000);
  return minutes < QUIET_AFTER_MIN ? 0 : minutes;
}
