// Hour by hour: the contact rate with its interval above, calls and conversations below, on one time axis.

import { el, sized } from "./dom.js";

const AT_LEAST = 6;
const SURE = 50;

/** The section's content. Leading hours without a record are left out, but for six that give the axis its length. */
export function stripOf(wall, format) {
  const first = wall.strip.findIndex((hour) => !hour.empty);
  const hours = wall.strip.slice(Math.min(first < 0 ? wall.strip.length : first, wall.strip.length - AT_LEAST));
  const names = namesOf(hours, format);
  const scale = rateScale(hours);
  const most = Math.max(1, ...hours.map((hour) => hour.calls));
  const columns = hours.map((hour, place) => column(hour, names[place], scale, most, format));
  const plot = el("div.plot", { "aria-hidden": "true" }, ...gridLines(scale, format), ...columns);
  return [heading(format), sized(plot, { columns: hours.length }), table(hours, names, format)];
}

function heading(format) {
  return el("div.title", {}, el("h2", { id: "strip-title" }, format.say("strip")),
    el("p.legend", { "aria-hidden": "true" },
      el("span.key.of-rate", {}, format.say("strip.rate")),
      el("span.key.of-calls", {}, format.words["count.calls"]),
      el("span.key.of-conversations", {}, format.words["count.conversations"])));
}

function namesOf(hours, format) {
  const plain = hours.map((hour) => format.hour(hour.start));
  return plain.map((name, place) => (plain.indexOf(name) === plain.lastIndexOf(name) ? name : format.hour(hours[place].start, true)));
}

/** To whole twentieths around every rate and the intervals of hours with enough calls; a wider one runs off the edge. */
function rateScale(hours) {
  const rates = hours.map((hour) => hour.contact_rate).filter((rate) => !rate.too_few && rate.low !== null);
  if (!rates.length) return null;
  const sure = rates.filter((rate) => rate.denominator >= SURE);
  const ends = [...rates.map((rate) => rate.value), ...(sure.length ? sure : rates).flatMap((rate) => [rate.low, rate.high])];
  const low = Math.floor(Math.min(...ends) * 20) / 20;
  const top = Math.max(Math.ceil(Math.max(...ends) * 20) / 20, low + 0.1);
  return { low, top, place: (value) => Math.min(1, Math.max(0, (value - low) / (top - low))) };
}

function gridLines(scale, format) {
  if (!scale) return [];
  return [scale.low, scale.top].map((value) => sized(
    el("div.line", {}, el("span", {}, format.whole.format(value))), { at: scale.place(value) }));
}

function column(hour, name, scale, most, format) {
  const state = hour.running ? "running" : hour.empty ? "blank" : "over";
  return el(`div.column.${state}`, {}, rate(hour, scale, format),
    el("div.bars", {}, bar("calls", hour.calls, most, hour.empty, format), bar("conversations", hour.conversations, most, hour.empty, format)),
    el("p.name", {}, hour.running ? `${name} …` : name));
}

function rate(hour, scale, format) {
  const { contact_rate: rate } = hour;
  const box = el("div.rate");
  if (!scale || rate.low === null || rate.too_few) {
    if (rate.denominator > 0) box.append(el("span.few", {}, `${format.number(rate.numerator)}/${format.number(rate.denominator)}`));
    return box;
  }
  sized(box, { low: scale.place(rate.low), high: scale.place(rate.high), at: scale.place(rate.value) });
  box.append(el("span.span"), el("span.point"), el("span.value", {}, format.whole.format(rate.value)));
  return box;
}

function bar(what, n, most, isEmpty, format) {
  return sized(el(`div.bar.${what}`, {}, isEmpty ? null : el("span.count", {}, format.number(n)), el("span.fill")), { share: n / most });
}

/** The same for those who do not see it. */
function table(hours, names, format) {
  const heads = [format.say("strip.hour"), format.words["count.calls"], format.words["count.conversations"], format.words["kpi.contact_rate"]];
  const rows = hours.map((hour, place) => {
    const { value, too_few: few, low, high } = hour.contact_rate;
    const share = few || value === null ? format.say("too_few") : `${format.share(value)} (${low === null ? "" : format.range(low, high)})`;
    const name = hour.running ? `${names[place]}, ${format.say("strip.running")}` : names[place];
    return el("tr", {}, el("th", { scope: "row" }, name), ...[format.number(hour.calls), format.number(hour.conversations), share].map((text) => el("td", {}, text)));
  });
  return el("div.spoken", {}, el("table", {}, el("caption", {}, format.say("strip")),
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, ...rows)));
}
