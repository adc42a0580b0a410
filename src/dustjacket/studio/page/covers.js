// Covers in a grid.

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

function ghost() {
  return make("li", { class: "ghost", "aria-hidden": "true" }, make("div", { class: "frame" }));
}

/** A grid of covers, in which there is always room for `room`. */
export class Covers {
  #frames = new Map();

  /**
   * Args:
   *   list: the list element.
   *   options: `room`; `question()`, the title, author and versions that a vote is about, or none.
   */
  constructor(list, { room = 12, question = null } = {}) {
    Object.assign(this, { list, room, question });
    this.show([]);
  }

  /** Shows `covers`. One that was there keeps its picture, so that nothing flickers. */
  show(covers) {
    const frames = new Map(
      covers.map((cover) => [cover.image, this.#known(cover.image) ?? pictureOf(cover)]),
    );
    this.#frames = frames;
    const items = covers.map((cover) => this.#item(cover, frames.get(cover.image)));
    while (items.length < this.room) items.push(ghost());
    this.list.replaceChildren(...items);
  }

  #known(image) {
    const frame = this.#frames.get(image);
    return frame?.classList.contains("broken") ? null : frame;
  }

  #item(cover, frame) {
    const genre = cover.category ?? cover.genre;
    const score = [make("span", {}, `cosine ${cover.score.toFixed(2)}`)];
    if (cover.words > 0) score.push(" ", make("span", {}, `words ${cover.words.toFixed(2)}`));
    const foot = make("div", { class: "foot" }, make("span", { class: "score" }, ...score));
    if (this.question) {
      const vote = { ...this.question(), on: "cover", answer: cover.id };
      foot.append(thumbs(vote, ["Good match", "Bad match"], cover.title));
    }
    return make(
      "li",
      { "data-cover-id": cover.id },
      frame,
      make(
        "div",
        { class: "book" },
        make("strong", { dir: "auto", title: cover.title }, cover.title),
        make("span", { class: "author", dir: "auto" }, cover.author ?? ""),
        make("span", { class: "genre" }, genre ?? ""),
      ),
      foot,
    );
  }
}
