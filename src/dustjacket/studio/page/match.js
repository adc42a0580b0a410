// The panel "Cover": what a picture says of its genre, and which titles, covers and prompts it fits.

import { Asker, askJson } from "./api.js";
import { Bars } from "./bars.js";
import { Covers } from "./covers.js";
import { announce, at, count, make, percent, setText, settled } from "./dom.js";
import { Part } from "./part.js";
import { clear as clearNote, say } from "./status.js";

const PAUSE_MS = 600;
const PATIENCE_MS = 120_000;
const SHOWN_GENRES = 6;
const SHOWN_COVERS = 6;

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `limits()`, what the server takes; `answered(name, versions)`, as for a title.
 *
 * Returns:
 *   `take(file)`, which asks about a picture, and `clear()`.
 */
export function coverPanel({ limits, answered }) {
  const part = new Part(at("match-part"));
  const genres = new Bars(at("match-genres"), { key: "genre", rows: SHOWN_GENRES });
  const prompts = new Bars(at("match-prompts"), { key: "prompt" });
  const covers = new Covers(at("match-covers"), { room: SHOWN_COVERS });
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
      const said = [
        top && `${top.genre}, ${percent(top.probability)}.`,
        best && `Best prompt: ${best.prompt}, ${percent(best.probability)}.`,
        `${answer.covers.length} covers.`,
      ];
      announce("match", said.filter(Boolean).join(" "));
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
    prompts.show(
      answer.prompts.map(({ prompt, cosine, probability }) => ({
        name: prompt,
        note: `cosine ${cosine.toFixed(3)}`,
        share: probability,
        value: percent(probability),
      })),
    );
    at("no-prompts").hidden = answer.prompts.length > 0;
    at("match-titles").replaceChildren(
      ...answer.titles.map(({ title, author, score }) =>
        make(
          "li",
          {},
          make("strong", { dir: "auto" }, title),
          make("span", { class: "author", dir: "auto" }, author ?? ""),
          make("span", { class: "score" }, `cosine ${score.toFixed(2)}`),
        ),
      ),
    );
    covers.show(answer.covers);
  }

  function lines() {
    const all = at("prompts").value.split("\n").map((line) => line.trim());
    return all.filter(Boolean);
  }

  function match() {
    later.cancel();
    const all = lines();
    const most = limits().prompts;
    written = all.join("\n");
    setText(
      at("prompts-hint"),
      all.length > most
        ? `Only the first ${count(most)} prompts are looked at.`
        : "Which of them the cover fits best is told beside it.",
    );
    if (!file) return;
    const asked = file;
    asker.ask((signal) => {
      const body = new FormData();
      body.append("image", asked, asked.name || "cover");
      all.slice(0, most).forEach((prompt) => body.append("prompts", prompt));
      return askJson("match", { body, signal, patienceMs: PATIENCE_MS });
    });
  }

  const later = settled(match, PAUSE_MS);
  at("prompts").addEventListener("input", () => lines().join("\n") !== written && later());

  function take(given) {
    const most = limits().image_bytes;
    clearNote("picture");
    if (!given.type.startsWith("image/")) {
      return say("picture", { text: `${given.name} is not a picture.`, fades: true });
    }
    if (given.size > most) {
      const megabytes = count(Math.round(most / 1e6));
      return say("picture", { text: `A picture may have up to ${megabytes} MB.`, fades: true });
    }
    show(given);
    match();
  }

  function show(given) {
    URL.revokeObjectURL(picture.src);
    file = given;
    picture.hidden = !given;
    at("picture-clear").hidden = !given;
    setText(at("picture-name"), given?.name ?? "");
    at("drop").classList.toggle("filled", Boolean(given));
    if (given) {
      picture.src = URL.createObjectURL(given);
      picture.alt = `The cover you chose${given.name ? `, ${given.name}` : ""}`;
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
      make("p", { class: "headline" }, "What does the cover say?"),
      make("p", {}, "Its genre, the titles and covers closest to it, and how well prompts of yours fit."),
    );
  }

  picture.addEventListener("error", () => picture.hasAttribute("src") && (picture.hidden = true));
  at("image-input").addEventListener("change", ({ target }) => target.files[0] && take(target.files[0]));
  at("picture-clear").addEventListener("click", clear);
  at("drop").addEventListener("click", () => at("image-input").click());
  idle();
  return { take, clear };
}
