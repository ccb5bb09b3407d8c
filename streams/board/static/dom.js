// Builds elements. Text only ever becomes text nodes, so an id that is markup stays what it is: an id.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("p.small", {id: "x"}, "text", child)`; an attribute that is null is left out. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(tagOf(name)), name, attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tagOf(name)), name, attributes, children);
}

/** Puts children in place of what an element holds. */
export function show(id, ...children) {
  document.getElementById(id).replaceChildren(...children.filter((child) => child !== null));
}

/** A hidden sentence for those who listen to the page. */
export function spoken(text) {
  return el("span.spoken", {}, text);
}

/** Sets custom properties, which a strict content policy allows where it forbids style attributes. */
export function sized(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(`--${name}`, String(value));
  return element;
}

function tagOf(name) {
  return name.split(".", 1)[0];
}

function fill(element, name, attributes, children) {
  const classes = name.split(".").slice(1);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}
