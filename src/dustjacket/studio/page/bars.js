// Bar charts of shares.

import { make, setText } from "./dom.js";

/** A list of names, each with its share as a bar. */
export class Bars {
  #rows = [];

  /**
   * Args:
   *   list: the list element.
   *   options: `key`, the name of a row's data attribute, if any; `rows`, the number of rows that
   *     are always there, empty while loading; `toggle`, the button that shows further rows.
   */
  constructor(list, { key = null, rows = 0, toggle = null } = {}) {
    Object.assign(this, { list, key, room: rows, toggle });
    toggle?.addEventListener("click", () => {
      this.all = !this.all;
      this.#fold();
    });
    this.show([]);
  }

  /** Shows `items`: each has a `name`, a `share` (0 to 1), its `value` as text, and maybe a `note`. */
  show(items) {
    const rows = Math.max(items.length, this.room);
    while (this.#rows.length < rows) this.#rows.push(this.#row());
    this.#rows.splice(rows).forEach((row) => row.item.remove());
    this.#rows.forEach((row, place) => this.#fill(row, items[place]));
    this.length = items.length;
    this.#fold();
  }

  #row() {
    const [name, note, value] = ["name", "note", "value"].map((part) => make("span", { class: part }));
    name.dir = "auto";
    const fill = make("span", { class: "fill" });
    const track = make("span", { class: "track", "aria-hidden": "true" }, fill);
    const item = make("li", {}, name, note, value, track);
    this.list.append(item);
    return { item, name, note, value, fill };
  }

  #fill({ item, name, note, value, fill }, shown) {
    item.classList.toggle("ghost", !shown);
    item.toggleAttribute("aria-hidden", false);
    if (!shown) item.setAttribute("aria-hidden", "true");
    if (this.key && shown) item.dataset[this.key] = shown.name;
    else if (this.key) delete item.dataset[this.key];
    setText(name, shown?.name ?? "");
    setText(note, shown?.note ?? "");
    setText(value, shown?.value ?? "");
    fill.style.setProperty("--share", shown?.share ?? 0);
  }

  #fold() {
    if (!this.toggle) return;
    this.#rows.forEach(({ item }, place) => (item.hidden = !this.all && place >= this.room));
    this.toggle.hidden = this.length <= this.room;
    this.toggle.setAttribute("aria-expanded", String(Boolean(this.all)));
    setText(this.toggle, this.all ? "Show fewer" : `Show all ${this.length} genres`);
  }
}
