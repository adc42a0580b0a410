// A part of the page whose answers come and change, and which keeps its place meanwhile.

import { make } from "./dom.js";
import { dagLink } from "./links.js";

/** A part that is "idle", "loading", "stale" (an older answer, dimmed), "ready" or "none". */
export class Part {
  #full = false;

  /** `section` holds a .message, which takes the place of the answer where there is none. */
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

  /** Shows that an answer is on its way. */
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
    const said = [make("p", {}, problem.detail)];
    if (problem.dag) {
      said.unshift(make("p", { class: "headline" }, "No model yet"));
      said.push(
        make("p", {}, "Run ", dagLink(problem.dag), " and it appears here by itself."),
      );
    }
    this.none(...said);
  }
}
