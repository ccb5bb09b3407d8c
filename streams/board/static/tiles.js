// The two upper rows: how it goes now, and what it brings.

import { el, sized, spoken, svg } from "./dom.js";

/** Calls, conversations and contact rate over the rolling hour. */
export function nowTiles(wall, format) {
  const { rolling, hour } = wall;
  return [tempoTile("calls", wall, format), tempoTile("conversations", wall, format), contactTile(rolling, format, hour)];
}

/** The four shares of the middle row. */
export function resultTiles(wall, format) {
  const { today, kept } = wall;
  const todays = format.say("window.today");
  const keeps = format.say("window.kept", { date: format.day(kept.window.start) });
  const pending = kept.pending ? format.say("pending", { n: format.number(kept.pending) }) : null;
  return [
    shareTile("appointment_rate", today.appointment_rate, "calls", todays, format),
    shareTile("appointments_per_conversation", today.appointments_per_conversation, "conversations", todays, format),
    shareTile("sales_per_appointment", kept.sales_per_appointment, "appointments", keeps, format, pending),
    shareTile("forced_rate", kept.forced_rate, "judged", keeps, format),
  ];
}

function tempoTile(what, wall, format) {
  const { rolling, hour } = wall;
  const facts = [[format.say("since", { hour: format.hour(hour.window.start) }), format.number(hour[what]), `hour.${what}`]];
  const pace = hour[`${what}_pace`];
  if (pace !== null) facts.push([format.say("pace"), format.say("per_hour", { n: format.number(pace) }), `pace.${what}`]);
  const mean = hour.mean_conversation_seconds;
  if (what === "conversations" && mean.value !== null) facts.push([format.say("mean"), format.duration(mean.value), "mean"]);
  return card(`${what}_per_hour`, rollingWindow(rolling, format), format,
    el("div.hero", {}, figure(`rolling.${what}`, rolling[what], format.number(rolling[what])), spark(what, rolling)),
    el("dl.beside", {}, ...facts.map(([label, text, name]) => el("div", {}, el("dt", {}, label), el("dd", { "data-number": name }, text)))));
}

/** Twelve bars of five minutes; the running one is paler, since it is not over. */
function spark(what, rolling) {
  const most = Math.max(1, ...rolling.slots.map((slot) => slot[what]));
  const bars = rolling.slots.map((slot, place) => {
    const height = Math.max(slot[what] ? 2 : 0.6, (slot[what] / most) * 40);
    return svg(slot.running ? "rect.bar.running" : "rect.bar", { x: place * 10 + 0.8, y: 40 - height, width: 8.4, height, rx: 1.2 });
  });
  return svg(`svg.spark.${what}`, { viewBox: "0 0 120 40", preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars);
}

function contactTile(rolling, format) {
  const rate = rolling.contact_rate;
  return card("contact_rate", rollingWindow(rolling, format), format,
    el("div.hero", {}, shareFigure("rolling.contact_rate", rate, "conversations", "calls", format)),
    band(rate, format),
    counts(rate, format.words["count.conversations"], "calls", format, interval(rate, format)));
}

/** The interval as a band on a scale from nothing to a half, or to the whole where it reaches further. */
function band(rate, format) {
  if (rate.too_few || rate.low === null) return el("div.band", { "aria-hidden": "true" });
  const top = rate.high > 0.5 ? 1 : 0.5;
  const marks = sized(el("div.band.known", { "aria-hidden": "true" }, el("span.span"), el("span.point")),
    { low: rate.low / top, high: rate.high / top, at: rate.value / top });
  marks.append(el("span.end", {}, "0"), el("span.end", {}, format.whole.format(top)));
  return marks;
}

function shareTile(name, rate, per, window, format, more = null) {
  return card(name, window, format,
    el("div.hero", {}, shareFigure(name, rate, null, per, format), interval(rate, format)), counts(rate, null, per, format, more));
}

/** The rate, or its counts in grey where there are too few to divide. */
function shareFigure(name, rate, things, per, format) {
  if (rate.denominator === 0) return el("p.figure.none", { "data-number": name, "data-value": "" }, "–");
  if (rate.too_few) {
    const cases = format.say("of", { n: format.number(rate.denominator), things: format.words[`count.${per}`] });
    return el("p.figure.few", { "data-number": name, "data-value": "" },
      format.number(rate.numerator), el("span.unit", {}, `\u00a0${cases}`));
  }
  const { figures, sign } = format.shareParts(rate.value);
  return figure(name, rate.value, figures, el("span.unit", {}, `\u202f${sign}`));
}

function counts(rate, things, per, format, more = null) {
  if (rate.denominator === 0) return el("p.facts", {}, format.say(`none.${per}`));
  if (rate.too_few) return el("p.facts", {}, el("span.fact", {}, format.say("too_few")), more && el("span.fact", {}, more));
  const made = el("span.fact", {}, el("b", {}, format.number(rate.numerator)), things ? ` ${things}` : "",
    " / ", el("b", {}, format.number(rate.denominator)), ` ${format.words[`count.${per}`]}`);
  return el("p.facts", {}, made, more && " ", more && el("span.fact", {}, more));
}

/** `20.6 to 28.9 %`, or nothing where there is no interval to speak of. */
function interval(rate, format) {
  if (rate.low === null || rate.too_few) return null;
  return el("span.interval", { title: format.say("interval") }, spoken(`${format.say("interval")} `), format.range(rate.low, rate.high));
}

function figure(name, value, text, ...more) {
  return el("p.figure", { "data-number": name, "data-value": String(value) }, text, ...more);
}

function rollingWindow(rolling, format) {
  return format.say("window.rolling", { time: format.time(rolling.window.start) });
}

function card(kpi, window, format, ...content) {
  const id = `kpi-${kpi}`;
  return el("article.card", { "aria-labelledby": id, title: format.words[`answers.${kpi}`] },
    el("div.title", {}, el("h2", { id }, format.words[`kpi.${kpi}`]), el("p.window", { title: window }, window)), ...content);
}
