// The page "Champion and candidate": the covers that both find for the same title.

import { Asker, postJson } from "./api.js";
import { CoverGrid } from "./covers.js";
import { announce, at, count, debounce, setText } from "./dom.js";
import { Part } from "./part.js";

const PAUSE_MS = 400;
const SHOWN_COVERS = 8;

const part = new Part(at("compared"));
const open = (id) => window.open(`./#cover=${encodeURIComponent(id)}`, "_blank", "noopener");
const [champion, candidate] = ["champion", "candidate"].map(
  (id) => new CoverGrid(at(id), { room: SHOWN_COVERS, open }),
);

const asker = new Asker("compare", {
  busy: () => part.busy(),
  refused: (problem) => part.refused(problem),
  answered: (answer) => {
    part.ready();
    champion.show(answer.champion);
    candidate.show(answer.candidate);
    const [now, other] = answer.by;
    setText(at("champion-version"), now.version);
    setText(at("candidate-version"), other.version);
    const known = new Set(answer.champion.map(({ id }) => id));
    const same = answer.candidate.filter(({ id }) => known.has(id)).length;
    const text = `${same} of ${answer.candidate.length} covers are the same. Both search ${count(answer.covers)} covers.`;
    setText(at("compared-hint"), text);
    announce("compare", text);
  },
});

function compare() {
  const [title, author] = ["title", "author"].map((id) => at(id).value.trim());
  const state = new URLSearchParams(Object.entries({ title, author }).filter(([, value]) => value));
  window.history.replaceState(null, "", `#${state}`);
  if (!title) {
    asker.cancel();
    return part.idle();
  }
  asker.ask((signal) => postJson("compare", { title, author: author || null }, { signal }));
}

const compareLater = debounce(compare, PAUSE_MS);
at("ask").addEventListener("input", compareLater);
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  compareLater.cancel();
  compare();
});
const given = new URLSearchParams(window.location.hash.slice(1));
for (const id of ["title", "author"]) at(id).value = given.get(id) ?? "";
compare();
at("title").focus();
