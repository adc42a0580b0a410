// The panel "Title": the genre of a title and the covers that match it, while it is typed.

import { Asker, postJson } from "./api.js";
import { Bars } from "./bars.js";
import { CoverGrid } from "./covers.js";
import { announce, at, counted, make, percent, save, setText, debounce } from "./dom.js";
import { copyLink } from "./links.js";
import { Part } from "./part.js";
import { Searches, csvOfCovers } from "./searches.js";
import { say } from "./status.js";
import { thumbs } from "./votes.js";
import { whyPart } from "./why.js";

const PAUSE_MS = 250;
const SHOWN_COVERS = 12;
const MAX_COVERS = 96;
const SHOWN_GENRES = window.matchMedia("(max-width: 26rem)").matches ? 3 : 8;
const REST_MS = 2500;
const COVER_ACTIONS = ["more-covers", "covers-link", "covers-csv"];

const versionIds = (versions) => versions.map(({ kind, version }) => ({ kind, version }));

/** Returns the headline: the genre, or how doubtful it is. */
const headline = (genre, doubt) =>
  ({ unproven: `Probably ${genre}`, unlikely: `Not sure: ${genre}?`, unknown: `Not sure: ${genre}?` })[doubt] ??
  genre;

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `changed()`, called when the query changes; `answered(name, versions)`, called with the
 *     versions that gave an answer, or with null when the answer is removed; `open(id)`, called
 *     when a cover is chosen.
 *
 * Returns:
 *   `state()`, the query; `restore(state)`; `clear()`; `genres(names)`, which sets the filter;
 *   `welcome(line, books)`.
 */
export function titlePanel({ changed, answered, open }) {
  const [title, author, filter] = ["title", "author", "genre-filter"].map(at);
  const description = at("description");
  const [genrePart, coversPart] = ["genre-part", "covers-part"].map((id) => new Part(at(id)));
  const bars = new Bars(at("genres"), {
    key: "genre",
    rows: SHOWN_GENRES,
    toggle: at("all-genres"),
  });
  const bookOf = () => ({ title: title.value.trim(), author: author.value.trim() || null });
  let shownFor = null;
  const covers = new CoverGrid(at("covers"), { room: SHOWN_COVERS, open, query: () => shownFor });
  let top = SHOWN_COVERS;
  let shown = [];
  const searches = new Searches({ open: (search) => restore(search) });
  const keepLater = debounce((search) => searches.add(search), REST_MS);
  let last = { genre: "", covers: "" };
  let searched = "";

  const genreAsker = new Asker("genre", {
    busy: () => genrePart.busy(),
    refused: (problem) => forget(genrePart, "genre", problem),
    answered: ({ book, genres, doubt, statement, subjects, by }) => {
      const [top] = genres;
      answered("genre", by);
      bars.show(
        genres.map(({ genre, probability }) => ({
          name: genre,
          share: probability,
          value: percent(probability),
        })),
      );
      if (!top) return genrePart.none(make("p", {}, "The classifier knows no genre."));
      genrePart.ready();
      explain();
      setText(at("top-genre"), headline(top.genre, doubt));
      setText(at("genre-sure"), statement);
      const assigned = subjects.map(({ subject, probability }) => `${subject} ${percent(probability)}`);
      setText(at("genre-subjects"), assigned.length ? `Subjects: ${assigned.join(", ")}` : "");
      const vote = { ...book, on: "genre", answer: top.genre, by: versionIds(by) };
      at("genre-thumbs").replaceChildren(thumbs(vote, ["Right", "Wrong"], top.genre));
      announce("genre", `${headline(top.genre, doubt)}, ${percent(top.probability)}.`);
    },
  });

  const coversAsker = new Asker("covers", {
    busy: () => coversPart.busy(),
    refused: (problem) => forget(coversPart, "covers", problem),
    answered: ({ book, genre, covers: found, by }) => {
      answered("covers", by);
      shownFor = { ...book, by: versionIds(by) };
      covers.show(found);
      shown = found;
      for (const id of COVER_ACTIONS.slice(1)) at(id).hidden = !found.length;
      keepLater({ title: book.title, author: book.author ?? "", genre: genre ?? "" });
      at("more-covers").hidden = found.length < top || top >= MAX_COVERS;
      announce("covers", found.length ? `${counted(found.length, "cover")}.` : "No cover matches.");
      if (found.length) return coversPart.ready();
      const message = [make("p", { class: "headline" }, "No cover matches")];
      if (genre) {
        const all = make("button", { type: "button", class: "button" }, "Search all genres");
        all.addEventListener("click", unfilter);
        message.push(make("p", {}, `No cover of the genre ${genre} matches this title.`), all);
      }
      coversPart.none(...message);
    },
  });

  const explain = whyPart(() =>
    title.value.trim() ? { ...bookOf(), description: description.value.trim() || null } : null,
  );

  function unfilter() {
    filter.value = "";
    filter.focus();
    search();
  }
  at("unfilter").addEventListener("click", unfilter);


  function forget(part, name, problem) {
    part.refused(problem);
    if (name === "covers") {
      covers.show([]);
      for (const id of COVER_ACTIONS) at(id).hidden = true;
    } else {
      bars.show([]);
      for (const id of ["top-genre", "genre-sure", "genre-subjects"]) setText(at(id), "");
      at("genre-thumbs").replaceChildren();
    }
    answered(name, null);
    announce(name, problem.detail);
    last[name] = "";
  }

  function search() {
    searchLater.cancel();
    changed();
    const book = bookOf();
    show(Boolean(book.title));
    at("author-alone").hidden = Boolean(book.title) || !book.author;
    if (!book.title) return;
    const genre = filter.value || null;
    at("filtered").hidden = !genre;
    setText(at("unfilter"), `${genre} ×`);
    at("unfilter").setAttribute("aria-label", `Only ${genre}: search all genres`);
    const described = { ...book, description: description.value.trim() || null };
    const sought = JSON.stringify([book, genre]);
    if (sought !== searched) top = SHOWN_COVERS;
    searched = sought;
    const covered = JSON.stringify([book, genre, top]);
    const queries = { genre: JSON.stringify(described), covers: covered };
    const before = last;
    last = queries;
    if (queries.genre !== before.genre) {
      genreAsker.ask(async (signal) => ({
        book,
        ...(await postJson("genre", described, { signal })),
      }));
    }
    if (queries.covers !== before.covers) {
      const body = { ...book, genre, top };
      coversAsker.ask(async (signal) => ({
        ...(await postJson("covers/search", body, { signal })),
        book,
        genre,
      }));
    }
  }

  function show(any) {
    at("welcome").hidden = any;
    at("results").hidden = !any;
    if (any) return;
    keepLater.cancel();
    last = { genre: "", covers: "" };
    for (const [name, asker, part] of [
      ["genre", genreAsker, genrePart],
      ["covers", coversAsker, coversPart],
    ]) {
      asker.cancel();
      part.idle();
      answered(name, null);
      announce(name, "");
    }
    bars.show([]);
    covers.show([]);
    for (const id of COVER_ACTIONS) at(id).hidden = true;
    for (const id of ["top-genre", "genre-sure", "genre-subjects"]) setText(at(id), "");
    at("genre-thumbs").replaceChildren();
  }

  const searchLater = debounce(search, PAUSE_MS);
  const typed = (event) => {
    at("clear").hidden = !title.value;
    if (!event?.isComposing) searchLater();
  };
  title.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    if (pasted.length > title.maxLength) {
      say("paste", { text: `A title has at most ${title.maxLength} characters: the rest is cut off.`, fades: true });
    }
  });
  title.addEventListener("input", typed);
  author.addEventListener("input", typed);
  description.addEventListener("input", typed);
  title.addEventListener("compositionend", typed);
  author.addEventListener("compositionend", typed);
  filter.addEventListener("change", search);
  at("more-covers").addEventListener("click", () => {
    top = Math.min(2 * top, MAX_COVERS);
    search();
  });
  at("covers-link").addEventListener("click", copyLink);
  at("covers-csv").addEventListener("click", () =>
    save(csvOfCovers(shown, window.location.href), "covers.csv"),
  );
  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  at("clear").addEventListener("click", clear);

  function clear() {
    restore({ author: author.value, genre: filter.value });
    title.focus();
  }

  function restore(state) {
    title.value = state.title ?? "";
    author.value = state.author ?? "";
    description.value = ""; // too long for the address
    choose(state.genre ?? "");
    at("clear").hidden = !title.value;
    search();
  }

  function choose(genre) {
    const known = [...filter.options].some((option) => option.value === genre);
    if (!known) filter.append(make("option", { value: genre }, genre));
    filter.value = genre;
  }

  function offer(books) {
    at("examples-hint").hidden = !books.length;
    const items = books.map(({ title: name, author: by }) => {
      const label = [make("span", { dir: "auto" }, name), ...(by ? [make("small", { dir: "auto" }, by)] : [])];
      const button = make("button", { type: "button", class: "example" }, ...label);
      button.addEventListener("click", () => {
        restore({ title: name, author: by ?? "" });
        title.focus();
      });
      return make("li", {}, button);
    });
    at("examples").replaceChildren(...items);
  }

  return {
    state: () => ({ title: title.value, author: author.value, genre: filter.value }),
    typed: () => (title.value || author.value ? { title: title.value, author: author.value } : {}),
    restore,
    clear,
    /** Says what the classifier was trained on, and offers books that it gets right. */
    welcome: (line, books) => {
      for (const place of document.querySelectorAll(".trained-on")) setText(place, line);
      offer(books);
    },
    genres: (names) => {
      const chosen = filter.value;
      filter.replaceChildren(
        make("option", { value: "" }, "any"),
        ...names.map((name) => make("option", { value: name }, name)),
      );
      choose(chosen);
    },
  };
}
