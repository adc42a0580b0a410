// The cards of cover concepts: picture, evidence, and what can be done with each.

import { ask, statusOf } from "./api.js";
import { icon, make, percent, save } from "./dom.js";
import { clear, say } from "./status.js";

const FORMS = { png: "PNG picture", svg: "SVG with live text", pdf: "PDF with live text", json: "Layout" };
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Returns a file name made of a title. */
function fileName(title, form) {
  const plain = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
  return `${plain || "cover"}.${form}`;
}

async function download({ job, number, title }, form) {
  const note = { text: `Writing the ${form.toUpperCase()} file…`, tone: "calm" };
  say("download", note);
  try {
    const path = `create/${job}/${number}/cover.${form}`;
    const response = await ask(path, { timeoutMs: DOWNLOAD_TIMEOUT_MS });
    save(await response.blob(), fileName(title, form));
    clear("download");
  } catch (problem) {
    say("download", { ...statusOf(problem), fades: problem.status !== 401 });
  }
}

function button(label, name, work, { pressed } = {}) {
  const made = make(
    "button",
    { type: "button", class: "plain", "aria-label": `${label}: ${name}`, "aria-pressed": pressed },
    label,
  );
  made.addEventListener("click", () => work(made));
  return made;
}

function cover({ image, title, width, height }, alt) {
  return make("img", { src: image, alt, title, width: width || 2, height: height || 3, loading: "lazy" });
}

function evidence(concept) {
  const lines = [];
  if (concept.copy_of) {
    lines.push(
      make("p", { class: "copy" }, "Too close to a real cover, so it is not exported:"),
      concept.copied
        ? make(
            "div",
            { class: "near" },
            cover(concept.copied, `The real cover, ${concept.copied.title}`),
            make("span", { dir: "auto" }, concept.copied.title),
          )
        : make("p", {}, concept.copy_of),
    );
    return lines;
  }
  if (concept.fit !== null) {
    lines.push(
      make("p", {}, "Fits better than ", make("b", {}, percent(concept.fit)), " of real covers"),
    );
  }
  if (concept.untested) {
    lines.push(make("p", { class: "hint" }, "Drawn by a generator that has not passed an evaluation"));
  }
  if (concept.seed !== null) lines.push(make("p", { class: "new" }, "New enough"));
  if (concept.nearest.length) {
    const pictures = concept.nearest.map((near) => cover(near, `Real cover, ${near.title}`));
    lines.push(
      make("p", { class: "hint" }, "Nearest real covers"),
      make("div", { class: "near" }, ...pictures),
    );
  }
  return lines;
}

/** The cards. Each holds a concept: its job, number and title beside what the server says of it. */
export class Concepts {
  #cards = [];
  #busy = false;

  /**
   * Args:
   *   list: the list element.
   *   events: `again(place)` draws another concept in a card's place; `type(place)` sets type anew.
   */
  constructor(list, { again, type }) {
    Object.assign(this, { list, again, type });
  }

  /** Returns the places that a new job fills: those that are not locked, and new ones up to `n`. */
  open(n) {
    const size = Math.max(n, this.#cards.length);
    return [...Array(size).keys()].filter((place) => !this.#cards[place]?.locked);
  }

  /** The number of concepts. */
  get length() {
    return this.#cards.length;
  }

  /** The concept in a place. */
  at(place) {
    return this.#cards[place];
  }

  /** Empties places, which then show that something is coming. */
  wait(places) {
    for (const place of places) this.#cards[place] = null;
    this.#draw();
  }

  /** Puts a concept into a place; locked stays as it is. */
  put(place, concept) {
    this.#cards[place] = { ...concept, locked: this.#cards[place]?.locked ?? false };
    this.#draw();
  }

  /** Removes the places that stayed empty. */
  settle() {
    this.#cards = this.#cards.filter(Boolean);
    this.#draw();
  }

  /** Shows other concepts. */
  replace(concepts) {
    this.#cards = concepts.map((concept) => ({ ...concept, locked: false }));
    this.#draw();
  }

  /** Turns off, or on again, what cannot be done while a job runs. */
  busy(busy) {
    this.#busy = busy;
    this.#draw();
  }

  /** The number, from 1, of the concept that fits best; 0 if none fits better than another. */
  best() {
    const fits = this.#cards.map((card) => (card && !card.copy_of ? (card.score ?? -2) : -2));
    const most = Math.max(...fits);
    return fits.some((fit) => fit < most) ? fits.indexOf(most) + 1 : 0;
  }

  #draw() {
    const focused = document.activeElement?.getAttribute("aria-label");
    const best = this.best();
    this.list.replaceChildren(
      ...this.#cards.map((card, place) => (card ? this.#card(card, place, best) : this.#ghost(place))),
    );
    const same = focused && [...this.list.querySelectorAll("button")];
    same?.find((one) => one.getAttribute("aria-label") === focused)?.focus();
  }

  #ghost(place) {
    const frame = make("div", { class: "frame" });
    return make("li", { class: "ghost", "aria-hidden": "true", "data-place": place }, frame);
  }

  #card(card, place, best) {
    const name = `concept ${place + 1}`;
    const picture = cover(
      { image: card.preview, title: "", width: 400, height: 640 },
      `Concept ${place + 1} of ${card.title}`,
    );
    const frame = make("div", { class: "frame" }, picture);
    if (best === place + 1) frame.append(make("span", { class: "badge" }, "Best fit"));
    const lock = button(card.locked ? "Locked" : "Lock", name, () => {
      card.locked = !card.locked;
      this.#draw();
    });
    lock.prepend(icon("lock"));
    lock.setAttribute("aria-pressed", String(card.locked));
    lock.setAttribute("aria-label", `Lock: ${name}`);
    const again = button("Another", name, () => this.again(place));
    const type = button("New type", name, () => this.type(place));
    again.disabled = this.#busy || card.locked;
    type.disabled = this.#busy;
    again.hidden = card.seed === null;
    const files = Object.entries(FORMS).map(([form, label]) => {
      const item = button(form.toUpperCase(), name, () => download(card, form));
      item.title = label;
      item.setAttribute("aria-label", `Download ${form.toUpperCase()}: ${name}`);
      return item;
    });
    const about = card.seed === null ? "On your own art" : `Seed ${card.seed}`;
    return make(
      "li",
      { "data-seed": card.seed ?? "", "data-place": place },
      frame,
      make("div", { class: "evidence" }, ...evidence(card)),
      make("div", { class: "row acts" }, lock, again, type),
      ...(card.copy_of ? [] : [make("div", { class: "row acts" }, ...files)]),
      make("p", { class: "hint" }, about),
    );
  }
}
