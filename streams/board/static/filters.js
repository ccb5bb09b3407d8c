// Which operators are shown: by a part of their name, by team, by campaign.

import { el } from "./dom.js";
import { format, query, withQuery } from "./frame.js";

export class Filters {
  /** `changed()` is called when other rows are to be shown. A campaign is asked of the board: its numbers differ. */
  constructor(form, changed) {
    this.text = el("input", { type: "search", id: "find", value: query.get("find") ?? "", autocomplete: "off" });
    this.team = el("select", { id: "team" });
    this.campaign = el("select", { id: "campaign" });
    form.replaceChildren(...[["find", this.text], ["team", this.team], ["campaign", this.campaign]].map(([name, field]) =>
      el("label", {}, el("span", {}, format.say(`floor.${name}`)), field)));
    form.addEventListener("submit", (event) => event.preventDefault());
    this.wanted = { team: query.get("team"), campaign: query.get("campaign") };
    this.text.addEventListener("input", () => this.remember("find", this.text.value, changed));
    this.team.addEventListener("change", () => {
      this.wanted.team = this.team.value || null;
      this.remember("team", this.team.value, changed);
    });
    this.campaign.addEventListener("change", () => location.assign(withQuery({ campaign: this.campaign.value || null })));
  }

  remember(key, value, changed) {
    history.replaceState(null, "", withQuery({ [key]: value || null }));
    changed();
  }

  /** The choices that there are; what is chosen stays one even where nobody is in it any more. */
  take({ teams, campaigns, team_names: names }) {
    options(this.team, teams, this.wanted.team, format.say("floor.all_teams"), names);
    options(this.campaign, campaigns, this.wanted.campaign, format.say("floor.all_campaigns"), {});
  }

  /** Whether a row is to be seen. */
  takes(person) {
    if (this.wanted.team !== null && person.team !== this.wanted.team) return false;
    const part = this.text.value.trim().toLocaleLowerCase();
    return part === "" || `${person.name ?? ""} ${person.operator}`.toLocaleLowerCase().includes(part);
  }
}

function options(select, values, chosen, all, names) {
  const every = chosen === null || values.includes(chosen) ? values : [...values, chosen];
  const drawn = JSON.stringify([every, names]);
  // A list that is open must not be taken from under the pointer.
  if (select.dataset.drawn === drawn) return;
  select.dataset.drawn = drawn;
  const option = (value, text) => el("option", { value, selected: value === (chosen ?? "") ? "" : null }, text);
  select.replaceChildren(option("", all), ...every.map((value) => option(value, names[value] ?? value)));
}
