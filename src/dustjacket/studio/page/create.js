// The panel "Create": concepts of a new cover, from a title or on a picture of one's own.

import { Asker, Problem, ask, askJson, postJson } from "./api.js";
import { Concepts } from "./concepts.js";
import { announce, at, count, counted, debounce, make, setText } from "./dom.js";
import { History } from "./history.js";
import { Part } from "./part.js";
import { clear as clearNote, pause, say } from "./status.js";

const SHOWN = 4;
const POLL_MS = 400;
const PAUSE_MS = 400;
const MAX_SEED = 2 ** 31 - 100;
const UPLOAD_TIMEOUT_MS = 120_000;
const FINISHED = new Set(["done", "failed", "cancelled"]);

const newSeed = () => Math.floor(Math.random() * MAX_SEED);

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `limits()`, the largest requests.
 *
 * Returns:
 *   `serve(models)`, which says what serves now; `take(file)`, which takes a picture as art; and
 *   `cancel()`.
 */
export function createPanel({ limits }) {
  const [title, author, description, genre, daring, style, layout, palette] = [
    "create-title", "create-author", "create-description", "create-genre", "create-daring",
    "create-style", "create-layout", "create-palette",
  ].map(at);
  const colours = ["field", "title", "text"].map((name) => [name, at(`create-colour-${name}`)]);
  const part = new Part(at("concepts-part"));
  const concepts = new Concepts(at("concepts"), {
    again: (place) => draw([place]),
    type: (place) => setType(place),
  });
  const history = new History({ list: at("history"), part: at("history-part"), open: reopen });
  let noGenerator = "The page is still loading.";
  let predicted = "";
  let art = null;
  let job = null;

  const genreAsker = new Asker("create-genre", {
    answered: ({ genres }) => {
      predicted = genres[0]?.genre ?? "";
      nameGenre();
    },
    refused: () => {},
  });
  const asker = new Asker("create", {
    answered: finish,
    refused: (problem) => {
      stop();
      if (!concepts.length) part.none(make("p", {}, problem.detail));
      else say("create", { text: problem.detail, fades: true });
      announce("create", problem.detail);
    },
  });

  const book = () => ({
    title: title.value.trim(),
    author: author.value.trim(),
    description: description.value.trim(),
    genre: genre.value || predicted,
    guidance: Number(daring.value),
    style: style.value,
    layout: layout.value || null,
    colours: palette.value ? Object.fromEntries(colours.map(([name, { value }]) => [name, value])) : {},
  });

  /** Fills the form as it was when concepts were asked for. */
  function restore(asked) {
    for (const [input, value] of [
      [title, asked.title], [author, asked.author], [description, asked.description],
      [daring, asked.guidance], [style, asked.style], [layout, asked.layout ?? ""],
    ]) input.value = value;
    genre.value = asked.genre;
    palette.value = asked.colours.field ? "own" : "";
    for (const [name, input] of colours) input.value = asked.colours[name] ?? input.value;
    showColours();
    predict();
  }

  function showColours() {
    at("create-colours").hidden = at("create-colours-hint").hidden = !palette.value;
  }

  function nameGenre() {
    setText(genre.options[0], predicted ? `${predicted} (predicted)` : "any");
  }

  function predict() {
    const asked = { title: title.value.trim(), author: author.value.trim() || null };
    if (asked.title) genreAsker.ask((signal) => postJson("genre", asked, { signal }));
  }
  const predictLater = debounce(predict, PAUSE_MS);

  /** Draws concepts into places, or sets type on one's own picture. */
  function draw(places) {
    if (!title.value.trim()) return title.reportValidity();
    const query = { ...book(), n: places.length, seed: newSeed() };
    if (!art) return start(places, (signal) => postJson("create", query, { signal }));
    const body = new FormData();
    body.append("image", art, art.name || "art");
    body.append("query", JSON.stringify(query));
    const options = { body, timeoutMs: UPLOAD_TIMEOUT_MS };
    return start(places, (signal) => askJson("create/own-art", { ...options, signal }));
  }

  function setType(place) {
    const { job: from, number, type_seed: seed } = concepts.at(place);
    const query = { ...book(), n: 1, type_seed: seed + 1, art: { job: from, number } };
    query.title ||= concepts.at(place).title;
    start([place], (signal) => postJson("create", query, { signal }), { keep: true });
  }

  function start(places, request, { keep = false } = {}) {
    const asked = book();
    const named = asked.title;
    if (!keep) concepts.wait(places);
    part.ready();
    at("concepts-part").dataset.state = "loading";
    busy(true);
    show({ state: "waiting", before: 0, concepts: [], total: places.length });
    let made = null;
    let seen = 0;
    asker.ask(async (signal) => {
      made ??= await request(signal);
      for (;;) {
        job = made.job;
        for (; seen < made.concepts.length; seen += 1) {
          concepts.put(places[seen], { ...made.concepts[seen], job: made.job, title: named });
        }
        show(made);
        if (FINISHED.has(made.state)) return { made, asked };
        await pause(POLL_MS, signal);
        made = await askJson(`create/${job}`, { signal });
      }
    });
  }

  function finish({ made, asked }) {
    stop();
    if (made.problem) {
      const text = make("p", {}, made.problem);
      if (concepts.length) say("create", { text: made.problem, fades: true });
      else part.none(text);
      announce("create", made.problem);
      return;
    }
    history.add({ job: made.job, asked: { ...asked, genre: genre.value } });
    const best = concepts.best();
    const fit = best ? ` Concept ${best} fits best.` : "";
    announce("create", `${counted(made.concepts.length, "cover")} made.${fit}`);
  }

  function stop() {
    job = null;
    concepts.settle();
    busy(false);
    if (concepts.length) part.ready();
    else idle();
    setText(at("create-text"), "");
  }

  function busy(running) {
    concepts.busy(running);
    at("create-cancel").hidden = !running;
    at("create-progress").hidden = !running;
    at("create-go").disabled = running || Boolean(noGenerator && !art);
  }

  function show({ state, before, concepts: made, total }) {
    const bar = at("create-progress");
    const done = made.length;
    if (state === "waiting") bar.removeAttribute("value");
    else Object.assign(bar, { max: total, value: done });
    const place = before ? `${counted(before, "request")} come first.` : "Starting…";
    setText(at("create-text"), state === "waiting" ? place : `${done} of ${count(total)} made`);
  }

  function cancel() {
    if (at("create-cancel").hidden) return;
    asker.cancel();
    if (job) ask(`create/${job}`, { method: "DELETE" }).catch(() => {});
    stop();
    announce("create", "Cancelled.");
    at("create-go").focus();
  }

  async function reopen({ job: from, asked }) {
    if (!at("create-cancel").hidden) return false;
    try {
      const made = await askJson(`create/${from}`);
      concepts.replace(made.concepts.map((one) => ({ ...one, job: from, title: asked.title })));
      restore(asked);
      part.ready();
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      say("history", { text: problem.detail, fades: true });
      return problem.status !== 404;
    }
  }

  function take(file) {
    clearNote("art");
    const maxBytes = limits().image_bytes;
    if (!file.type.startsWith("image/")) {
      return say("art", { text: `${file.name} is not a picture.`, fades: true });
    }
    if (file.size > maxBytes) {
      const megabytes = count(Math.round(maxBytes / 1e6));
      return say("art", { text: `The picture is too large: at most ${megabytes} MB are allowed.`, fades: true });
    }
    choose(file);
  }

  function choose(file) {
    const picture = at("create-art-picture");
    URL.revokeObjectURL(picture.src);
    art = file;
    picture.hidden = !file;
    at("create-art-clear").hidden = !file;
    if (file) {
      picture.src = URL.createObjectURL(file);
      picture.alt = `Your art, ${file.name || "a picture"}`;
    } else {
      picture.removeAttribute("src");
      picture.alt = "";
    }
    setText(at("create-art-hint"), file?.name || "Type is set on it, and nothing is drawn.");
    at("create-daring-field").hidden = Boolean(file);
    at("create-none").hidden = !noGenerator || Boolean(file);
    busy(!at("create-cancel").hidden);
  }

  function idle() {
    part.idle();
    part.message.append(
      make("p", { class: "headline" }, "Covers for a new book"),
      make("p", {}, "Each concept shows how well it fits, and which real covers are nearest to it."),
    );
  }

  title.addEventListener("input", predictLater);
  author.addEventListener("input", predictLater);
  palette.addEventListener("change", showColours);
  at("create").addEventListener("submit", (event) => {
    event.preventDefault();
    draw(concepts.open(SHOWN));
  });
  at("create-cancel").addEventListener("click", cancel);
  at("create-art").addEventListener("change", ({ target }) => {
    if (target.files[0]) take(target.files[0]);
    target.value = "";
  });
  at("create-art-clear").addEventListener("click", () => {
    choose(null);
    at("create-art").focus();
  });
  idle();
  busy(false);
  return {
    take,
    cancel,
    serve: (models) => {
      noGenerator = models.no_generator;
      setText(at("create-none"), noGenerator ? `Nothing can be drawn: ${noGenerator}. Your own art can be used.` : "");
      at("create-none").hidden = !noGenerator || Boolean(art);
      at("create-pairs").hidden = !models.feedback;
      const chosen = genre.value;
      genre.replaceChildren(
        make("option", { value: "" }, "any"),
        ...models.genres.map((name) => make("option", { value: name }, name)),
      );
      genre.value = chosen;
      const styled = style.value;
      style.replaceChildren(...models.styles.map((name) => make("option", { value: name }, name)));
      style.value = models.styles.includes(styled) ? styled : (models.styles[0] ?? "");
      at("create-style-field").hidden = models.styles.length < 2;
      nameGenre();
      busy(!at("create-cancel").hidden);
    },
  };
}
