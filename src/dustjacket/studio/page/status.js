// The status line: what is wrong, and what the page does about it.

import { at, make, setText } from "./dom.js";

const notes = new Map();
const alarm = new EventTarget();
const text = make("span", { class: "text" });
const clock = make("span", { class: "clock", "aria-hidden": "true" });
const action = make("button", { type: "button", class: "plain" });
let ticking;
let runAction;

action.addEventListener("click", () => runAction());
window.addEventListener("online", () => wake());
document.addEventListener("visibilitychange", () => document.hidden || wake());

/** Ends all pauses, so that requests are repeated now. */
export function wake() {
  alarm.dispatchEvent(new Event("wake"));
}

function draw() {
  const line = at("status");
  if (!line.hasChildNodes()) line.append(text, clock, action);
  const note = [...notes.values()].at(-1);
  line.classList.toggle("shown", Boolean(note));
  line.dataset.tone = note?.tone ?? "";
  setText(text, note?.text ?? "");
  const left = note?.until ? Math.ceil((note.until - Date.now()) / 1000) : 0;
  setText(clock, left > 0 ? `in ${left} s` : "");
  const offered = note?.action;
  action.hidden = !offered;
  if (offered) {
    setText(action, offered[0]);
    runAction = offered[1];
  }
  clearTimeout(ticking);
  if (left > 0) ticking = setTimeout(draw, 1000);
}

/**
 * Shows a note until it is cleared or replaced.
 *
 * Args:
 *   who: owner of the note; each owner has at most one.
 *   note: `text`; `tone` ("bad" or "calm"); `until`, the time of the next try, in milliseconds;
 *     `action`, a button's label and callback; `fades`, whether it disappears by itself.
 */
export function say(who, note) {
  const shown = { tone: "bad", ...note };
  notes.delete(who);
  notes.set(who, shown);
  draw();
  if (note.fades) setTimeout(() => notes.get(who) === shown && clear(who), 4000);
}

/** Removes the note of `who`. */
export function clear(who) {
  if (notes.delete(who)) draw();
}

/** Waits `ms` milliseconds or until wake(); rejects if `signal` aborts. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (how) => () => {
      clearTimeout(timer);
      alarm.removeEventListener("wake", done);
      signal.removeEventListener("abort", stop);
      how(signal.reason);
    };
    const done = end(resolve);
    const stop = end(reject);
    const timer = setTimeout(done, ms);
    alarm.addEventListener("wake", done);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}
