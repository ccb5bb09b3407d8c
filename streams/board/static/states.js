// What the wall says of itself: fresh, behind, frozen, or waiting. A stopped pipeline never looks like a quiet floor.

import { el } from "./dom.js";

const BEHIND = 1000;

/** Whether the page stands still, and why: the browser's own cut first, since nothing else is known then. */
export function troubleOf(wall, connection) {
  if (connection.isCut) return { cause: "cut", since: wall?.heard ?? null };
  if (wall?.freshness.state === "stale") return { cause: wall.freshness.causes[0], since: wall.freshness.since };
  return null;
}

/** The banner's content. */
export function bannerOf(trouble, wall, format) {
  const { known = 0, affected = 0 } = wall?.freshness.operators ?? {};
  const isPartial = trouble.cause === "heartbeat" && affected < known;
  const still = format.say(isPartial ? "stale.partly" : "stale.still");
  return [el("strong", {}, format.say("stale")),
    el("p", {}, `${sinceWhen(trouble, reason(trouble, wall, format), format)} ${still}`)];
}

function sinceWhen({ since }, why, format) {
  if (since === null) return format.say("stale.unknown", { why });
  const isToday = Date.now() - Date.parse(since) < 12 * 3_600_000;
  return format.say("stale.since", { time: isToday ? format.time(since, true) : format.day(since, true), why });
}

function reason({ cause }, wall, format) {
  const { known = 0, affected = 0 } = wall?.freshness.operators ?? {};
  const all = format.number(known);
  if (cause !== "heartbeat") return format.say(known ? `stale.${cause}` : `stale.${cause}.nobody`, { all });
  if (!known) {
    const { silent, total } = wall.freshness.partitions;
    return format.say("stale.heartbeat.nobody", { n: format.number(silent.length), all: format.number(total) });
  }
  return format.say(affected === known ? "stale.heartbeat.all" : "stale.heartbeat", { n: format.number(affected), all });
}

/** The small line while all is well. */
export function freshText(wall, silenceMs, format) {
  const { state, updated, lag } = wall.freshness;
  if (state === "waiting" || updated === null) return format.say("fresh.waiting");
  if (lag > BEHIND) return format.say("fresh.behind", { n: format.number(lag) });
  const age = (Date.parse(wall.now) - Date.parse(updated) + silenceMs) / 1000;
  return format.say("fresh.live", { age: format.age(age) });
}

/** True where there is nothing to show yet: no call today and none in the last hours. */
export function isEmpty(wall) {
  return wall.today.calls === 0 && wall.today.appointments === 0 && wall.strip.every((hour) => hour.calls === 0 && hour.conversations === 0);
}

/** What an empty floor waits for. */
export function emptyOf(wall, format) {
  const isWaiting = wall.freshness.state === "waiting";
  const key = isWaiting ? "empty.worker" : "empty.call";
  const lines = [el("h2.empty-title", {}, format.say(key)), el("p", {}, format.say(`${key}.why`))];
  if (!isWaiting) lines.push(el("p", {}, format.say("empty.call.from", { topic: "dialer.calls.v1" })));
  if (wall.latest_hour) lines.push(el("p", {}, format.say("empty.last", { date: format.day(wall.latest_hour.start, true) })));
  return lines;
}
