// Helpers for elements and for the format of numbers.

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

/** Lets the browser save a file. */
export function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Sets an element's text, unless it is the same: screen readers announce every change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Returns an error of the server as a sentence: with a capital letter, and its end. */
export const sentence = (text) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

const shares = new Intl.NumberFormat("en", { style: "percent" });
const counts = new Intl.NumberFormat("en");

/** Formats a probability as a percentage. */
export function percent(share) {
  if (share > 0 && share < 0.005) return "<1%";
  if (share < 1 && share >= 0.995) return ">99%";
  return shares.format(share);
}

/** Formats a count. */
export const count = (number) => counts.format(number);

/** Formats a count with its noun, in the singular or the plural. */
export const counted = (number, one, more = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : more}`;

/** Returns a function that calls `work` when it was not called again for `ms` milliseconds. */
export function debounce(work, ms) {
  let timer;
  const debounced = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(work, ms, ...args);
  };
  debounced.cancel = () => clearTimeout(timer);
  return debounced;
}

const announcements = new Map();
const updateSummary = debounce(
  () => setText(at("summary"), [...announcements.values()].filter(Boolean).join(" ")),
  400,
);

/** Makes a screen reader read `text` as the news about a part of the page. */
export function announce(part, text) {
  announcements.delete(part);
  announcements.set(part, text);
  updateSummary();
}
