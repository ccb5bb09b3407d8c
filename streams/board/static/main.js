// The wall: takes the board's events and draws them.

import { el, show } from "./dom.js";
import { Frame, format } from "./frame.js";
import { mixOf } from "./mix.js";
import { emptyOf, isEmpty } from "./states.js";
import { stripOf } from "./strip.js";
import { nowTiles, resultTiles } from "./tiles.js";

label();
show("empty", el("h2.empty-title", {}, format.say("empty.connect")));
document.getElementById("empty").hidden = false;
document.getElementById("wall").dataset.view = "empty";
new Frame("wall", "/api/events", draw);

function label() {
  for (const id of ["now", "brings"]) document.getElementById(id).setAttribute("aria-label", format.say(id));
  document.getElementById("strip").setAttribute("aria-labelledby", "strip-title");
  document.getElementById("mix").setAttribute("aria-labelledby", "mix-title");
}

function draw(wall) {
  format.zone = wall.site.time_zone;
  const isBlank = isEmpty(wall);
  document.getElementById("wall").dataset.view = isBlank ? "empty" : "full";
  document.getElementById("empty").hidden = !isBlank;
  if (isBlank) show("empty", ...emptyOf(wall, format));
  show("now", ...nowTiles(wall, format));
  show("brings", ...resultTiles(wall, format));
  show("strip", ...stripOf(wall, format));
  show("mix", ...mixOf(wall, format));
  const { active, since } = wall.operators;
  show("active", isBlank ? "" : format.count("active", active, { time: format.time(since) }));
  return wall;
}
