// Covers that were made in this tab of the browser; the server keeps them for a while.

import { make } from "./dom.js";

const KEY = "dustjacket-concepts-2";
const MAX_ENTRIES = 12;
const times = new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit" });

function stored() {
  try {
    return JSON.parse(window.sessionStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // storage may be turned off
  }
}

/** The list of earlier jobs, newest first. */
export class History {
  #entries = stored();

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
    try {
      window.sessionStorage.setItem(KEY, JSON.stringify(this.#entries));
    } catch {
      // it is then kept until the page is closed
    }
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
