// How conversations end: today's mix in a fixed order, and the running hour's count beside it.

import { el, sized } from "./dom.js";

/** The section's content. */
export function mixOf(wall, format) {
  const { rows, ...horizons } = wall.conclusions;
  const most = Math.max(1, ...rows.map((row) => row.today.numerator));
  const hour = format.hour(wall.hour.window.start);
  const head = el("div.mix-row.mix-head", { role: "row" },
    el("div.mix-title", { role: "columnheader" }, el("h2", { id: "mix-title" }, format.say("mix"))),
    el("span.count", { role: "columnheader" }, format.say("window.today")),
    el("span.hour", { role: "columnheader", title: format.say("since", { hour }) }, `${hour} …`));
  const table = el("div.mix-table", { role: "table", "aria-labelledby": "mix-title" },
    head, ...rows.map((row) => line(row, most, horizons, format)));
  return [table];
}

function line(row, most, horizons, format) {
  const { numerator, value, too_few: few } = row.today;
  const name = el("span.name", { role: "rowheader" }, format.say(`mix.${row.name}`));
  const under = row.name === "warm_leads" ? el("small", { role: "cell" }, format.say("mix.horizons", numbers(horizons, format))) : null;
  const share = few || value === null ? null : el("span.share", {}, ` ${format.whole.format(value)}`);
  return el(`div.mix-row.${row.name}`, { role: "row" }, name,
    sized(el("span.track", { "aria-hidden": "true" }, el("span.fill")), { share: numerator / most }),
    el("span.count", { role: "cell", "data-number": `mix.${row.name}`, "data-value": String(numerator) }, el("b", {}, format.number(numerator)), share),
    el("span.hour", { role: "cell" }, format.number(row.hour)), under);
}

function numbers(horizons, format) {
  return {
    short: format.number(horizons.warm_short),
    medium: format.number(horizons.warm_medium),
    long: format.number(horizons.warm_long),
  };
}
