// Elements, and how numbers are written.

/** Returns the element whose id is `id`. */
export const at = (id) => document.getElementById(id);

/** Makes an element. Children that are strings become text, never HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Makes one of the icons that index.html defines. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Sets an element's text; if it is there already, a screen reader is not told again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const shares = new Intl.NumberFormat("en", { style: "percent" });
const counts = new Intl.NumberFormat("en");

/** Writes a probability as a percentage. */
export function percent(share) {
  if (share > 0 && share < 0.005) return "<1%";
  if (share < 1 && share >= 0.995) return ">99%";
  return shares.format(share);
}

/** Writes a count. */
export const count = (number) => counts.format(number);

/** Writes a count with what is counted, in the singular or the plural. */
export const counted = (number, one, more = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : more}`;

/** Returns a function that does `work` once nothing has asked for it for `ms` milliseconds. */
export function settled(work, ms) {
  let timer;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(work, ms, ...given);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Tells a screen reader, once things have settled, the latest of what is told about each part. */
const told = new Map();
const tell = settled(() => setText(at("summary"), [...told.values()].filter(Boolean).join(" ")), 400);
export function announce(part, text) {
  told.delete(part);
  told.set(part, text);
  tell();
}
