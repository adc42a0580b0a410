// The one line that says what is wrong, and what is done about it.

import { at, make, setText } from "./dom.js";

const notes = new Map();
const alarm = new EventTarget();
const text = make("span", { class: "text" });
const clock = make("span", { class: "clock", "aria-hidden": "true" });
const action = make("button", { type: "button", class: "plain" });
let ticking;
let run;

action.addEventListener("click", () => run());
window.addEventListener("online", () => wake());
document.addEventListener("visibilitychange", () => document.hidden || wake());

/** Ends all pauses. */
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
    run = offered[1];
  }
  clearTimeout(ticking);
  if (left > 0) ticking = setTimeout(draw, 1000);
}

/**
 * Says something until it is cleared or replaced.
 *
 * Args:
 *   who: whose note it is; each has one.
 *   note: `text`; `tone` ("bad" or "calm"); `until`, the time of the next try, in milliseconds;
 *     `action`, a button's label and what it does; `fades`, whether it goes by itself.
 */
export function say(who, note) {
  const said = { tone: "bad", ...note };
  notes.delete(who);
  notes.set(who, said);
  draw();
  if (note.fades) setTimeout(() => notes.get(who) === said && clear(who), 4000);
}

/** Takes back what `who` said. */
export function clear(who) {
  if (notes.delete(who)) draw();
}

/** Waits `ms` milliseconds, or until the reader asks to try now; fails if `signal` aborts. */
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
