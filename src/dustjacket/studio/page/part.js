// A part of the page that shows answers and keeps its size while they change.

import { make, sentence } from "./dom.js";
import { dagLink } from "./links.js";

/** A part that is "idle", "loading", "stale" (an older answer, dimmed), "ready" or "none". */
export class Part {
  #full = false;

  /** `section` contains a .message, which is shown instead of an answer if there is none. */
  constructor(section) {
    this.section = section;
    this.message = section.querySelector(".message");
  }

  #is(state, ...message) {
    this.section.dataset.state = state;
    this.section.setAttribute("aria-busy", String(state === "loading" || state === "stale"));
    this.message.replaceChildren(...message);
  }

  /** Forgets the last answer. */
  idle() {
    this.#full = false;
    this.#is("idle");
  }

  /** Shows that an answer is loading. */
  busy() {
    this.#is(this.#full ? "stale" : "loading");
  }

  /** Shows the answer. */
  ready() {
    this.#full = true;
    this.#is("ready");
  }

  /** Shows `message`, elements or strings, in place of an answer. */
  none(...message) {
    this.#full = false;
    this.#is("none", ...message);
  }

  /** Shows why there is no answer, and which DAG to run if that would give one. */
  refused(problem) {
    const lines = [make("p", {}, sentence(problem.detail))];
    if (problem.dag) {
      lines.unshift(make("p", { class: "headline" }, "No model yet"));
      lines.push(
        make("p", {}, "Run ", dagLink(problem.dag), "; the answer then appears here by itself."),
      );
    }
    this.none(...lines);
  }
}
