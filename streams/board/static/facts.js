// The facts behind a number, as the worker tells them: what each says, and what it adds.

import { el } from "./dom.js";

/** The table of the statements that add to a count, or a sentence that says why there is none. */
export async function factsOf(operator, hour, count, format) {
  let page;
  try {
    const response = await fetch(`/api/operators/${encodeURIComponent(operator)}/hours/${encodeURIComponent(hour)}/facts`);
    page = await response.json();
    if (!response.ok) return [el("p.wait", { role: "status" }, `${page.error}: ${page.do}`)];
  } catch {
    return [el("p.wait", { role: "status" }, format.say("day.lost"))];
  }
  const chosen = page.statements.filter((statement) => statement.adds[count]);
  const told = { n: format.number(chosen.length), all: format.number(page.statements.length) };
  return [el("p.wait", { role: "status" }, format.say("facts.told", told)), table(chosen, count, format)];
}

function table(statements, count, format) {
  const heads = ["time", "kind", "id", "adds", "says", "why"].map((key) => el("th", { scope: "col" }, format.say(`facts.${key}`)));
  return el("div.scroll", { tabindex: "0", "aria-label": format.say("facts.title") }, el("table.facts-table", {},
    el("caption.spoken", {}, format.say("facts.title")),
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...statements.map((one) => line(one, count, format)))));
}

/** Fields and reasons are the words of the contract, as `dialpulse explain` writes them: in English on every page. */
function line(statement, count, format) {
  const says = Object.entries(statement.says).map(([field, value]) => `${field} ${value}`).join(", ");
  return el("tr", {}, el("th", { scope: "row" }, statement.at.slice(11, 19)), el("td", {}, format.say(`fact.${statement.kind}`)),
    el("td.id", {}, statement.version ? `${statement.id} (v${statement.version})` : statement.id),
    el("td", {}, `+${format.number(statement.adds[count])}`),
    el("td.text", { lang: "en" }, says), el("td.text", { lang: "en" }, statement.counts_as));
}
