// Covers that were made in this tab of the browser; the server keeps them for a while.

import { make } from "./dom.js";
import { keepEntries, keptEntries } from "./kept.js";

const KEY = "dustjacket-concepts-2";
const MAX_ENTRIES = 12;
const times = new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit" });

/** The list of earlier jobs, newest first. */
export class History {
  #entries = keptEntries(KEY);

  /**
   * Args:
   *   options: `list`, the list element; `part`, hidden while it is empty; `open(entry)`, which shows
   *     a job again, and resolves to false if the server has it no more.
   */
  constructor({ list, part, open }) {
    Object.assign(this, { list, part, open });
    this.#draw();
  }

  /** Adds a job: its id, and what was asked for. */
  add({ job, asked }) {
    this.#entries = [{ job, asked, at: Date.now() }, ...this.#entries].slice(0, MAX_ENTRIES);
    this.#save();
  }

  #save() {
    keepEntries(KEY, this.#entries);
    this.#draw();
  }

  #draw() {
    this.part.hidden = !this.#entries.length;
    this.list.replaceChildren(
      ...this.#entries.map((entry) => {
        const time = make("small", {}, times.format(entry.at));
        const shown = make("span", { dir: "auto" }, entry.asked.title);
        const button = make("button", { type: "button", class: "plain" }, shown, " ", time);
        button.addEventListener("click", async () => {
          if (await this.open(entry)) return;
          this.#entries = this.#entries.filter((other) => other !== entry);
          this.#save();
        });
        return make("li", {}, button);
      }),
    );
  }
}
