// The page "Compare pictures": people choose between two pictures, and do not know which was drawn.

import { Asker, ask, askJson, statusOf } from "./api.js";
import { at, counted, make, percent, setText } from "./dom.js";
import { clear, say } from "./status.js";

const KEYS = { a: "left", b: "right", n: "neither" };
const NAMES = { real: "the book's own art", retrieved: "what the search finds" };
const choices = ["left", "right", "neither"].map((name) => [name, at(`choose-${name}`)]);
let pair = null;
let votes = 0;

const asker = new Asker("pair", {
  answered: show,
  refused: (problem) => {
    at("pair").hidden = true;
    at("pair-problem").hidden = false;
    setText(at("pair-problem"), problem.detail);
  },
});
const deal = () => asker.ask((signal) => askJson("pairs", { method: "POST", signal }));

async function show(dealt) {
  const images = ["left", "right"].map((side) => at(`choose-${side}`).querySelector("img"));
  images[0].src = dealt.left;
  images[1].src = dealt.right;
  await Promise.all(images.map((image) => image.decode().catch(() => {}))); // both appear at once
  setText(at("pair-title"), dealt.title);
  at("pair").hidden = false;
  at("pair-problem").hidden = true;
  pair = dealt.pair;
  for (const [, button] of choices) button.disabled = false;
}

async function choose(choice) {
  if (!pair) return;
  const chosen = pair;
  pair = null;
  for (const [, button] of choices) button.disabled = true;
  try {
    await ask(`pairs/${chosen}`, { body: JSON.stringify({ choice }), type: "application/json" });
    clear("pair-vote");
    votes += 1;
    setText(at("pair-count"), `${counted(votes, "vote")}. Thank you.`);
  } catch (problem) {
    say("pair-vote", { ...statusOf(problem), fades: true });
  }
  deal();
}

async function results() {
  if (!at("pair-results").open) return;
  try {
    const rows = await askJson("pairs/results");
    at("no-results").hidden = rows.length > 0;
    at("pair-results").querySelector(".table").hidden = !rows.length;
    at("pair-results").querySelector("tbody").replaceChildren(
      ...rows.map(({ generator, other, votes: number, undecided, preferred, interval }) => {
        const share = preferred === null ? "–" : `${percent(preferred)} (${interval.map(percent).join(" to ")})`;
        const count = undecided ? `${number}, and ${undecided} undecided` : String(number);
        return make("tr", {}, ...[generator.split("/")[1], NAMES[other] ?? other, count, share].map((text) => make("td", {}, text)));
      }),
    );
  } catch (problem) {
    say("pair-results", { ...statusOf(problem), fades: true });
  }
}

for (const [name, button] of choices) button.addEventListener("click", () => choose(name));
at("pair-results").addEventListener("toggle", results);
window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (Object.hasOwn(KEYS, event.key.toLowerCase())) choose(KEYS[event.key.toLowerCase()]);
});
deal();
