// What a person takes from a search: its results as a file, and the searches of this tab before.

import { cell } from "./csv.js";
import { at, make } from "./dom.js";
import { keepEntries, keptEntries } from "./kept.js";

const KEY = "dustjacket-searches-1";
const MAX_ENTRIES = 8;
const COLUMNS = ["title", "author", "category", "genre", "match", "score", "words", "id", "image"];

/** Returns covers as a CSV file; addresses of images are absolute. */
export function csvOfCovers(covers, base) {
  const rows = covers.map((cover) =>
    COLUMNS.map((name) => cell(name === "image" ? new URL(cover.image, base).href : cover[name])),
  );
  const lines = [COLUMNS.map(cell), ...rows].map((cells) => cells.join(","));
  return new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" });
}

/** Puts a search before those that are kept; one that it continues, or repeats, is dropped. */
export function withSearch(kept, search) {
  const isOther = ({ title, author }) => !(search.title.startsWith(title) && search.author.startsWith(author));
  return [search, ...kept.filter(isOther)].slice(0, MAX_ENTRIES);
}

/** The list of earlier searches, which the browser forgets with the tab. */
export class Searches {
  #kept = keptEntries(KEY);

  /** `open(search)` shows a search again. */
  constructor({ open }) {
    this.open = open;
    at("searches-clear").addEventListener("click", () => this.#keep([]));
    this.#draw();
  }

  /** Adds a search: title, author and genre. */
  add(search) {
    this.#keep(withSearch(this.#kept, search));
  }

  #keep(searches) {
    this.#kept = searches;
    keepEntries(KEY, searches);
    this.#draw();
  }

  #draw() {
    at("searches-part").hidden = !this.#kept.length;
    at("searches").replaceChildren(
      ...this.#kept.map((search) => {
        const text = [search.title, search.author, search.genre].filter(Boolean).join(" · ");
        const button = make("button", { type: "button", class: "plain", dir: "auto" }, text);
        button.addEventListener("click", () => this.open(search));
        return make("li", {}, button);
      }),
    );
  }
}
