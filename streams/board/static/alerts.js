// What is firing: text, since when, and where it is written what to do.

import { el } from "./dom.js";

/** The section's content; empty where nothing fires. */
export function alertsOf({ firing, more }, format) {
  const lines = firing.map((alert) => el("li", {},
    el("strong", {}, format.say(alert.severity === "critical" ? "alert.critical" : "alert")), " ",
    el("span.alert-text", { title: alert.more || null }, alert.text), " ",
    el("span.alert-since", {}, format.say("alert.since", { time: since(alert.since, format) })), " ", runbook(alert.runbook, format)));
  if (more) lines.push(el("li", {}, format.say("alert.more", { n: format.number(more) })));
  return lines;
}

function since(instant, format) {
  return Date.now() - Date.parse(instant) < 12 * 3_600_000 ? format.time(instant) : format.day(instant, true);
}

/** A link only where it is one: rules may name a file of the checkout, which no browser can open. */
function runbook(address, format) {
  if (!address) return null;
  if (!/^https?:[/][/]/.test(address)) return el("span.alert-runbook", {}, address);
  return el("a.alert-runbook", { href: address, target: "_blank", rel: "noopener noreferrer" }, format.say("alert.runbook"));
}
