// The panel "Cover": the genres, titles, covers and prompts that match a picture.

import { Asker, ask, askJson, reached, statusOf } from "./api.js";
import { Bars } from "./bars.js";
import { CoverGrid } from "./covers.js";
import { announce, at, count, make, percent, setText, debounce } from "./dom.js";
import { Part } from "./part.js";
import { clear as clearNote, say } from "./status.js";

const PAUSE_MS = 600;
const TIMEOUT_MS = 120_000;
const SHOWN_GENRES = 6;
const SHOWN_COVERS = 6;

const OPAQUE = ["image/jpeg", "image/bmp"];
const SAMPLE_SIDE = 64;

/** Returns whether a picture that is shown has transparent parts. */
function isTransparent(picture) {
  const canvas = make("canvas", { width: SAMPLE_SIDE, height: SAMPLE_SIDE });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  const { data } = context.getImageData(0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  return data.some((value, place) => place % 4 === 3 && value < 250);
}

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `limits()`, the largest requests; `answered(name, versions)`, see titlePanel;
 *     `open(id)`, called when a cover is chosen; `titleOf(book)`, when a title is.
 *
 * Returns:
 *   `take(file)`, which sends a picture; `fetchPicture(address)`, which gets it first; `clear()`.
 */
export function coverPanel({ limits, answered, open, titleOf }) {
  const part = new Part(at("match-part"));
  const genres = new Bars(at("match-genres"), { key: "genre", rows: SHOWN_GENRES });
  const prompts = new Bars(at("match-prompts"), { key: "prompt" });
  const covers = new CoverGrid(at("match-covers"), { room: SHOWN_COVERS, open });
  const picture = at("picture");
  let file = null;
  let written = "";

  const asker = new Asker("match", {
    busy: () => part.busy(),
    refused: (problem) => {
      part.refused(problem);
      draw({ genres: [], titles: [], covers: [], prompts: [] });
      answered("match", null);
      announce("match", problem.detail);
    },
    answered: (answer) => {
      part.ready();
      draw(answer);
      answered("match", answer.by);
      const [top] = answer.genres;
      const best = [...answer.prompts].sort((a, b) => b.probability - a.probability)[0];
      const summary = [
        top && `${top.genre}, ${percent(top.probability)}.`,
        answer.prompts.length > 1 && `Best prompt: ${best.prompt}, ${percent(best.probability)}.`,
        `${answer.covers.length} covers.`,
      ];
      announce("match", summary.filter(Boolean).join(" "));
    },
  });

  function draw(answer) {
    genres.show(
      answer.genres.slice(0, SHOWN_GENRES).map(({ genre, probability }) => ({
        name: genre,
        share: probability,
        value: percent(probability),
      })),
    );
    const alone = answer.prompts.length === 1; // its share is 1, whatever it says
    prompts.show(
      answer.prompts.map(({ prompt, cosine, probability }) => ({
        name: prompt,
        note: `cosine ${cosine.toFixed(3)}`,
        share: alone ? Math.max(cosine, 0) : probability,
        value: alone ? "" : percent(probability),
      })),
    );
    at("one-prompt").hidden = !alone;
    at("no-prompts").hidden = answer.prompts.length > 0;
    at("match-titles").replaceChildren(
      ...answer.titles.map(({ title, author, score }) => {
        const search = make("button", { type: "button", class: "plain", dir: "auto" }, title);
        search.addEventListener("click", () => titleOf({ title, author }));
        return make(
          "li",
          {},
          search,
          make("span", { class: "author", dir: "auto" }, author ?? ""),
          make("span", { class: "score" }, `match ${score.toFixed(2)}`),
        );
      }),
    );
    covers.show(answer.covers);
  }

  function lines() {
    const all = at("prompts").value.split("\n").map((line) => line.trim());
    return all.filter(Boolean);
  }

  function match() {
    matchLater.cancel();
    const all = lines();
    const maxPrompts = limits().prompts;
    written = all.join("\n");
    setText(
      at("prompts-hint"),
      all.length > maxPrompts
        ? `Only the first ${count(maxPrompts)} prompts are used.`
        : "The results show how well the cover matches each prompt.",
    );
    if (!file) return;
    const sent = file;
    asker.ask((signal) => {
      const body = new FormData();
      body.append("image", sent, sent.name || "cover");
      all.slice(0, maxPrompts).forEach((prompt) => body.append("prompts", prompt));
      return askJson("match", { body, signal, timeoutMs: TIMEOUT_MS });
    });
  }

  const matchLater = debounce(match, PAUSE_MS);
  at("prompts").addEventListener("input", () => lines().join("\n") !== written && matchLater());

  function take(chosen) {
    const maxBytes = limits().image_bytes;
    clearNote("picture");
    if (!chosen.type.startsWith("image/")) {
      return say("picture", { text: `${chosen.name} is not a picture.`, fades: true });
    }
    if (chosen.size > maxBytes) {
      const megabytes = count(Math.round(maxBytes / 1e6));
      const text = `The picture is too large: at most ${megabytes} MB are allowed.`;
      return say("picture", { text, fades: true });
    }
    show(chosen);
    match();
  }

  /** Takes the picture at an address: of a cover of the library, or of the web by the server. */
  async function fetchPicture(address) {
    if (!/^https?:/.test(address)) {
      return say("picture", { text: "This is no address of a picture on the web.", fades: true });
    }
    say("picture", { text: "Fetching the picture…", tone: "calm" });
    try {
      const own = new URL(address).origin === window.location.origin;
      const blob = own ? await blobOf(address) : await stored("address", address);
      const name = decodeURIComponent(new URL(address).pathname.split("/").at(-1));
      take(new File([blob], name, { type: blob.type }));
    } catch (error) {
      say("picture", { ...statusOf(error), fades: true });
    }
  }

  const blobOf = async (path, options) => reached((await ask(path, options)).blob());

  /** Returns a picture as the models see it: one at an address, or a file. */
  function stored(name, value) {
    const body = new FormData();
    body.append(name, value);
    return blobOf("picture", { body });
  }

  /** Shows how the models see a picture that this browser cannot show. */
  async function showStored() {
    const sent = file;
    picture.hidden = true;
    const seen = sent && (await stored("image", sent).catch(() => null)); // the match says why
    if (sent !== file || !seen) return;
    picture.src = URL.createObjectURL(seen);
    picture.hidden = false;
  }

  /** Says what of a picture is not seen by the models. */
  function note() {
    const { type } = file ?? {};
    const notes = [
      type === "image/gif" && "Of an animation the first picture is used.",
      OPAQUE.includes(type) || !isTransparent(picture) ? "" : "Transparent parts count as white.",
    ];
    setText(at("picture-note"), notes.filter(Boolean).join(" "));
    at("picture-note").hidden = !at("picture-note").textContent;
  }

  function show(chosen) {
    URL.revokeObjectURL(picture.src);
    file = chosen;
    at("picture-note").hidden = true;
    picture.hidden = !chosen;
    at("picture-clear").hidden = !chosen;
    setText(at("picture-name"), chosen?.name ?? "");
    at("drop").classList.toggle("filled", Boolean(chosen));
    if (chosen) {
      picture.src = URL.createObjectURL(chosen);
      picture.alt = `The cover you chose${chosen.name ? `, ${chosen.name}` : ""}`;
    } else {
      picture.removeAttribute("src");
    }
  }

  function clear() {
    if (!file) return;
    asker.cancel();
    show(null);
    at("image-input").value = "";
    draw({ genres: [], titles: [], covers: [], prompts: [] });
    idle();
    answered("match", null);
    announce("match", "");
    at("image-input").focus();
  }

  function idle() {
    part.idle();
    part.message.append(
      make("p", { class: "headline" }, "Match a cover"),
      make("p", {}, "See its genre, the closest titles and covers, and how well it matches your prompts."),
    );
  }

  picture.addEventListener("error", () => picture.hasAttribute("src") && !picture.hidden && showStored());
  picture.addEventListener("load", note);
  at("picture-fetch").addEventListener("submit", (event) => {
    event.preventDefault();
    fetchPicture(at("picture-address").value.trim());
  });
  at("image-input").addEventListener("change", ({ target }) => target.files[0] && take(target.files[0]));
  at("picture-clear").addEventListener("click", clear);
  at("drop").addEventListener("click", () => at("image-input").click());
  idle();
  return { take, fetchPicture, clear };
}
