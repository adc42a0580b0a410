// What speaks for the genre of a title and against it, asked for when a person opens it.

import { Asker, postJson } from "./api.js";
import { Bars } from "./bars.js";
import { at, setText } from "./dom.js";

const SHOWN_WORDS = 12;

/**
 * Sets the part up.
 *
 * Args:
 *   book: returns the body of the request, or null while there is no title.
 *
 * Returns:
 *   A function to call when the genre is another one.
 */
export function whyPart(book) {
  const why = at("why");
  const whyBars = new Bars(at("why-words"), { key: "word" });
  const whyAsker = new Asker("why", {
    refused: (problem) => setText(at("why-text"), problem.detail),
    answered: ({ genre, words, exact, nearest }) => {
      const how = exact ? "what each word adds to the score" : "what is lost without each word";
      setText(at("why-text"), `For and against ${genre}: ${how}.`);
      const shown = words.length > SHOWN_WORDS
        ? [...words.slice(0, SHOWN_WORDS / 2), ...words.slice(-SHOWN_WORDS / 2)]
        : words;
      const most = Math.max(...shown.map(({ weight }) => Math.abs(weight)), 1e-9);
      whyBars.show(
        shown.map(({ word, weight }) => ({
          name: word,
          share: Math.abs(weight) / most,
          value: `${weight < 0 ? "against" : "for"} ${Math.abs(weight).toFixed(2)}`,
        })),
      );
      const titles = nearest.map(({ title, genre: listed }) => `${title} (${listed})`);
      setText(at("why-nearest"), titles.length ? `Similar books: ${titles.join(", ")}` : "");
    },
  });

  function explain() {
    whyAsker.cancel();
    whyBars.show([]);
    for (const id of ["why-text", "why-nearest"]) setText(at(id), "");
    const body = book();
    if (!why.open || !body) return;
    whyAsker.ask((signal) => postJson("genre/why", body, { signal }));
  }
  why.addEventListener("toggle", explain);
  return explain;
}
