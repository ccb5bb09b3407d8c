// What both views have around their numbers: site, freshness, clock, links, the banner, and an eye on their own age.

import { alertsOf } from "./alerts.js";
import { Connection } from "./connection.js";
import { el, show } from "./dom.js";
import { Format } from "./format.js";
import { bannerOf, freshText, troubleOf } from "./states.js";

export const root = document.documentElement;
export const query = new URLSearchParams(location.search);
export const format = new Format(root.lang, await (await fetch(`/words/${root.lang}.json`)).json());

/** The page's address with other values; null takes one away. */
export function withQuery(changes) {
  const changed = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) changed.delete(key);
    else changed.set(key, value);
  }
  return `?${changed}`;
}

export class Frame {
  /** Hears `path`; `drawn(heard)` is called with every event and gives what is known of now (`now`, `site`, ...). */
  constructor(view, path, drawn) {
    this.view = document.getElementById(view);
    this.name = view;
    this.head = null;
    this.said = null;
    this.labels();
    const asked = new URLSearchParams([...query].filter(([key]) => key === "site" || key === "campaign"));
    this.connection = new Connection(asked.size ? `${path}?${asked}` : path, root.dataset.build, (heard) => {
      const head = drawn(heard);
      this.head = { ...head, heard: head.now };
      this.drawHead();
      this.tick();
    });
    setInterval(() => this.tick(), 500);
  }

  /** Whether the numbers stand still, and why; null while all is well. */
  get trouble() {
    return troubleOf(this.head, this.connection);
  }

  labels() {
    const labels = { sites: "sites", display: "settings", clock: "clock", main: "numbers" };
    show("unasked", format.say("alert.unknown"));
    for (const [id, key] of Object.entries(labels)) document.getElementById(id).setAttribute("aria-label", format.say(key));
    const [theme, language] = [root.dataset.theme === "light" ? "dark" : "light", root.lang === "fr" ? "en" : "fr"];
    const other = this.name === "wall" ? "floor" : "wall";
    const links = [
      el("a", { href: withQuery({ lang: language }), hreflang: language }, format.say("other_language")),
      el("a", { href: withQuery({ theme }) }, format.say(theme)),
      el("a", { href: withQuery({ view: other, campaign: null, team: null, sort: null, operator: null }) }, format.say(`view.${other}`)),
    ];
    if (root.dataset.signed === "yes") {
      links.push(el("form", { method: "post", action: "/sign-out" }, el("button.plain", {}, format.say("sign_out"))));
    }
    show("display", ...links.flatMap((link) => [" ", link]));
  }

  drawHead() {
    const { site, as_of: asOf, conversation_rule: rule } = this.head;
    format.zone = site.time_zone;
    show("site", site.id ?? (site.sites.length ? format.say("all_sites") : "Dialpulse"));
    show("about", this.head.campaign ?? aboutSite(site));
    show("rule", ruleText(rule));
    show("revised", format.say("revised", { time: format.time(asOf, true) }));
    this.drawSites(site);
    this.drawAlerts(this.head.alerts);
  }

  drawAlerts(alerts) {
    const place = document.getElementById("alerts");
    const drawn = JSON.stringify(alerts.firing) + alerts.more;
    // Drawn only when it changes: it is read aloud each time.
    if (place.dataset.drawn === drawn) return;
    place.dataset.drawn = drawn;
    place.hidden = alerts.firing.length === 0;
    place.replaceChildren(el("ul", {}, ...alertsOf(alerts, format)));
  }

  drawSites({ sites, id, mixed_zones: isMixed }) {
    const nav = document.getElementById("sites");
    nav.hidden = sites.length < 2;
    const link = (name, target, isHere) =>
      el("a", { href: withQuery({ site: target }), "aria-current": isHere ? "page" : null }, name);
    const all = query.get("site") !== null || (!isMixed && id !== null) ? [link(format.say("all_sites"), null, false)] : [];
    const wanted = [...all, ...sites.map((name) => link(name, name, name === id))];
    // Drawn only when it changes, so that whoever tabs through it keeps their place.
    if (nav.dataset.drawn === JSON.stringify([sites, id])) return;
    nav.dataset.drawn = JSON.stringify([sites, id]);
    nav.replaceChildren(...wanted.flatMap((one) => [" ", one]));
  }

  /** Twice a second, whether or not anything was heard: the clock, the age, and whether to cry. */
  tick() {
    this.connection.check();
    const { trouble, head } = this;
    this.view.dataset.state = trouble ? "stale" : head ? head.freshness.state : "connecting";
    this.drawBanner(trouble);
    if (head === null) return;
    const silence = this.connection.silence;
    show("fresh-text", trouble ? format.say("fresh.stale") : freshText(head, silence, format));
    document.getElementById("unasked").hidden = head.alerts.state !== "away";
    document.querySelector("#clock time").textContent = format.time(Date.parse(head.now) + silence);
  }

  drawBanner(trouble) {
    const banner = document.getElementById("banner");
    const saying = trouble && JSON.stringify([trouble, this.head?.freshness.operators, this.head?.freshness.partitions]);
    if (saying === this.said) return;
    this.said = saying;
    banner.hidden = !trouble;
    banner.replaceChildren(...(trouble ? bannerOf(trouble, this.head, format) : []));
  }
}

function aboutSite({ known, mixed_zones: isMixed, id, sites }) {
  if (!known) return format.say("site_unknown");
  if (isMixed) return format.say("sites_mixed", { n: format.number(sites.length) });
  if (id === null && sites.length) return format.say("sites_summed", { n: format.number(sites.length) });
  return sites.length ? format.say("all_campaigns") : "";
}

function ruleText(name) {
  if (name === null) return "";
  const [, kind, seconds] = /^(.*?)(?:-(\d+)s)?$/.exec(name);
  const key = `rule.${kind}`;
  const words = key in format.words ? format.say(key, { n: seconds }) : name;
  return format.say("rule", { rule: words });
}
