// The panel "Review": books whose listed subject the classifier contradicts, decided one by one.

import { Asker, Problem, askJson, postJson, statusOf } from "./api.js";
import { Bars } from "./bars.js";
import { announce, at, count, make, percent, setText } from "./dom.js";
import { Part } from "./part.js";
import { clear, say } from "./status.js";

const LIMIT = 10;
const KEYS = { a: "accept", k: "keep", o: "other" };
const MOST_ALTERNATIVES = 3;

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `isOpen()`, whether the panel is shown.
 *
 * Returns:
 *   `open()`, called when the panel is shown, and `cancel()`, which leaves the field of the other
 *   subject.
 */
export function reviewPanel({ isOpen }) {
  const part = new Part(at("review-part"));
  const shares = new Bars(at("review-shares"));
  const [genre, remark, other] = ["review-genre", "review-remark", "review-other"].map(at);
  let list = null;
  let undo = null;
  let sending = false;

  const asker = new Asker("review", {
    busy: () => part.busy(),
    answered: (answer) => {
      list = answer;
      draw();
    },
    refused: (problem) => part.refused(problem),
  });
  const load = () => asker.ask((signal) => askJson(`review?limit=${LIMIT}`, { signal }));
  const book = () => list?.books[0];

  function draw() {
    other.hidden = true;
    remark.value = genre.value = "";
    at("review-genres").replaceChildren(
      ...list.genres.map((name) => make("option", { value: name })),
    );
    setText(at("review-progress-text"), `${count(list.decided)} of ${count(list.total)} decided`);
    Object.assign(at("review-progress"), { max: list.total || 1, value: list.decided });
    setText(at("review-address"), list.corrections);
    at("review-undo").hidden = !undo;
    const shown = book();
    for (const choice of ["accept", "keep", "choose"]) at(`review-${choice}`).disabled = !shown;
    if (!shown) {
      part.none(make("p", { class: "headline" }, list.total ? "All are decided" : "Nothing to decide"));
      announce("review", list.total ? "All books are decided." : "No book is in doubt.");
      return;
    }
    setText(at("review-title"), shown.title);
    setText(at("review-author"), shown.author ?? "");
    setText(at("review-isbn"), shown.isbn ? `ISBN ${shown.isbn}` : "");
    setText(at("review-description"), shown.description ?? "");
    setText(at("review-accept-name"), shown.subject);
    setText(at("review-keep-name"), shown.listed);
    const picture = at("review-cover");
    picture.hidden = !shown.cover;
    picture.alt = `Cover of ${shown.title}`;
    if (shown.cover) picture.src = shown.cover;
    else picture.removeAttribute("src");
    at("review-no-cover").hidden = Boolean(shown.cover);
    const others = shown.alternatives.filter(({ genre: name }) => name !== shown.listed);
    const rows = [
      { genre: shown.subject, probability: shown.probability, note: shown.sure ? "" : "not sure" },
      { genre: shown.listed, probability: shown.listed_probability, note: "listed" },
      ...others.slice(0, MOST_ALTERNATIVES),
    ];
    shares.show(
      rows.map(({ genre: name, probability, note = "" }) => (
        { name, share: probability, value: percent(probability), note }
      )),
    );
    part.ready();
    announce("review", `${shown.title}: listed ${shown.listed}, the classifier says ${shown.subject}.`);
  }

  async function decide(choice) {
    const decided = book();
    if (!decided || sending) return;
    sending = true;
    clear("decision");
    try {
      await postJson("review", {
        version: list.version,
        place: decided.place,
        choice,
        genre: choice === "other" ? genre.value.trim() : "",
        remark: remark.value.trim(),
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { text, action } = statusOf(error);
      say("decision", { text: `The decision is not stored: ${text}`, action, fades: !action });
      return;
    } finally {
      sending = false;
    }
    undo = decided;
    list = { ...list, books: list.books.slice(1), decided: list.decided + 1 };
    if (book()) draw();
    else load();
  }

  function askOther() {
    if (!book()) return;
    other.hidden = false;
    genre.focus();
  }

  function again() {
    if (!undo) return;
    list = { ...list, books: [undo, ...list.books], decided: Math.max(list.decided - 1, 0) };
    undo = null;
    draw();
  }

  at("review-accept").addEventListener("click", () => decide("accept"));
  at("review-keep").addEventListener("click", () => decide("keep"));
  at("review-choose").addEventListener("click", askOther);
  at("review-undo").addEventListener("click", again);
  other.addEventListener("submit", (event) => {
    event.preventDefault();
    if (genre.value.trim()) decide("other");
  });
  window.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (!isOpen() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.closest("input, textarea, select, [role=tab]")) return;
    const choice = KEYS[key.toLowerCase()];
    if (choice === "other") askOther();
    else if (choice) decide(choice);
    else if (key.toLowerCase() === "u") again();
    else return;
    event.preventDefault();
  });

  return {
    open: () => list ?? load(),
    cancel: () => {
      if (other.hidden) return;
      other.hidden = true;
      at("review-accept").focus();
    },
  };
}
