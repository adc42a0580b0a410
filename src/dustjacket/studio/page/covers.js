// A grid of covers.

import { make } from "./dom.js";
import { thumbs } from "./votes.js";

function pictureOf(cover) {
  const size = cover.width > 0 && cover.height > 0 ? cover : { width: 2, height: 3 };
  const picture = make("img", {
    alt: `Cover of ${cover.title}`,
    width: size.width,
    height: size.height,
    decoding: "async",
    src: cover.image,
  });
  const frame = make("div", { class: "frame coming" }, picture);
  picture.addEventListener("load", () => frame.classList.remove("coming"));
  picture.addEventListener("error", () => {
    frame.classList.replace("coming", "broken");
    frame.replaceChildren(make("span", { dir: "auto" }, cover.title));
  });
  return frame;
}

/** Returns what the match of a found cover consists of. */
function partsOf({ match, score, words }) {
  const picture = `its picture ${score.toFixed(2)} (cosine)`;
  return `${match.toFixed(2)}: ${picture}${words > 0 ? `, its title ${words.toFixed(2)} (words)` : ""}`;
}

function placeholder() {
  return make("li", { class: "ghost", "aria-hidden": "true" }, make("div", { class: "frame" }));
}

/** A grid of covers that always has space for `room` of them. */
export class CoverGrid {
  #frames = new Map();

  /**
   * Args:
   *   list: the list element.
   *   options: `room`; `open(id, match)`, called when a cover is chosen, with the
   *     parts of its match as text; `query()`, the title, author and
   *     versions that a vote refers to, if any.
   */
  constructor(list, { room = 12, open, query = null }) {
    Object.assign(this, { list, room, open, query });
    this.show([]);
  }

  /** Shows `covers`. Covers that stay keep their picture element, so that nothing flickers. */
  show(covers) {
    const frames = new Map(
      covers.map((cover) => [cover.image, this.#loaded(cover.image) ?? pictureOf(cover)]),
    );
    this.#frames = frames;
    const items = covers.map((cover) => this.#item(cover, frames.get(cover.image)));
    while (items.length < this.room) items.push(placeholder());
    this.list.replaceChildren(...items);
  }

  #loaded(image) {
    const frame = this.#frames.get(image);
    return frame?.classList.contains("broken") ? null : frame;
  }

  #item(cover, frame) {
    const differs = cover.category && cover.genre && cover.category !== cover.genre;
    const genre = differs ? `${cover.category} (predicted ${cover.genre})` : cover.category ?? cover.genre;
    const larger = make("button", { type: "button", class: "open", "aria-label": `${cover.title}: larger, and similar covers` }, frame);
    larger.addEventListener("click", () => this.open(cover.id, partsOf(cover)));
    const score = `match ${cover.match.toFixed(2)}`;
    const foot = make("div", { class: "foot" }, make("span", { class: "score", title: partsOf(cover) }, score));
    if (this.query) {
      const vote = { ...this.query(), on: "cover", answer: cover.id };
      foot.append(thumbs(vote, ["Good match", "Bad match"], cover.title));
    }
    return make(
      "li",
      { "data-cover-id": cover.id },
      larger,
      make(
        "div",
        { class: "book" },
        make("strong", { dir: "auto", title: cover.title }, cover.title),
        make("span", { class: "author", dir: "auto" }, cover.author ?? ""),
        make("span", { class: "genre", title: genre ?? "" }, genre ?? ""),
      ),
      foot,
    );
  }
}
