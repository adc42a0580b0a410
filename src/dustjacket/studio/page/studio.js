// The Studio: tabs, files that are dropped or pasted, and the models that serve.

import { Asker, askJson, inFrame } from "./api.js";
import { batchPanel } from "./batch.js";
import { coverDialog } from "./cover_dialog.js";
import { createPanel } from "./create.js";
import { at, setText } from "./dom.js";
import { closeRetrainingOutside, offerRetraining, outLink, showApi, showVersions } from "./links.js";
import { coverPanel } from "./match.js";
import { operationsPanel } from "./operations.js";
import { pipelinePanel } from "./pipeline.js";
import { reviewPanel } from "./review.js";
import { say } from "./status.js";
import { tabs } from "./tabs.js";
import { titlePanel } from "./title.js";
import { takeVotes } from "./votes.js";

const ANSWERS = { title: ["genre", "covers"], cover: ["match"], create: [], many: ["batch"], review: [],
  operations: [] };
const REST_MS = 1000;
let writtenAt = 0;
let restoring = false;
const answers = new Map();
let models = {
  limits: { title: 500, image_bytes: 20e6, prompts: 100, batch_rows: 50_000, batch_bytes: 20e6 },
};

const limits = () => models.limits;
const tab = tabs({ changed: () => (saveState(), drawVersions(), openLists()) });
const dialog = coverDialog({ changed: () => saveState(), titleOf, answered });
const panels = { limits, answered, open: dialog.open, titleOf };
const title = titlePanel({ changed: () => saveState(), answered, open: dialog.open });
const cover = coverPanel(panels);
const create = createPanel(panels);
const many = batchPanel(panels);
const review = reviewPanel({ isOpen: () => tab.current() === "review" });

const operations = operationsPanel({ isOpen: () => tab.current() === "operations" });

function openLists() {
  if (tab.current() === "review") review.open();
  operations.open();
}

const modelsAsker = new Asker("models", {
  answered: (answer) => {
    models = answer;
    offerRetraining(models.airflow);
    showApi(models.airflow);
    takeVotes(models.feedback);
    title.genres(models.genres);
    title.welcome(models.trained_on, models.examples);
    create.serve(models);
    at("title").maxLength = models.limits.title;
    at("notice").hidden = !models.problem;
    setText(at("notice"), models.problem ?? "");
    drawVersions();
  },
});
const askModels = () => modelsAsker.ask((signal) => askJson("models", { signal }));

function inUse() {
  const { classifier, clip, index, labels, generator } = models;
  return [classifier, clip, index, labels, generator].filter(Boolean);
}

function answered(name, versions) {
  if (versions) answers.set(name, versions);
  else answers.delete(name);
  drawVersions();
  const current = new Set(inUse().map((ref) => ref.version));
  if (models.genres && versions?.some((ref) => !current.has(ref.version))) askModels();
}

function drawVersions() {
  if (!models.genres) return; // the models are not known yet
  const by = ANSWERS[tab.current()].flatMap((name) => answers.get(name) ?? []);
  showVersions(by.length ? by : inUse(), { answered: by.length > 0 });
}

function titleOf({ title: name, author }) {
  tab.open("title");
  title.restore({ title: name, author: author ?? "" });
  at("title").focus();
}

// The address holds the query, so that a reload keeps it. Inside Airflow, the outer page's address
// holds it too, because a reload there starts the frame anew.
function saveState() {
  if (restoring) return;
  const state = { ...title.state(), tab: tab.current() === "title" ? "" : tab.current() };
  state.cover = dialog.state();
  const set = Object.entries(state).filter(([, value]) => value);
  const hash = set.length ? `#${new URLSearchParams(set)}` : "";
  if (hash !== window.location.hash) {
    // Back returns to what was shown for a while; what is typed in between replaces it.
    const step = Date.now() - writtenAt > REST_MS ? "pushState" : "replaceState";
    window.history[step](null, "", hash || window.location.pathname + window.location.search);
    writtenAt = Date.now();
  }
  if (!inFrame() || hash === window.parent.location.hash) return;
  const { history, location } = window.parent;
  if (!location.pathname.endsWith(window.location.pathname)) return;
  history.replaceState(history.state, "", location.pathname + location.search + hash);
}

const addressState = () => Object.fromEntries(new URLSearchParams(window.location.hash.slice(1)));

function restore(state) {
  restoring = true;
  tab.open(Object.hasOwn(ANSWERS, state.tab) ? state.tab : "title");
  title.restore(state);
  if (state.cover) dialog.open(state.cover);
  else dialog.close();
  restoring = false;
  saveState();
}

function openFile(file) {
  if (file.type.startsWith("image/") && tab.current() === "create") {
    create.take(file);
  } else if (file.type.startsWith("image/")) {
    tab.open("cover");
    cover.take(file);
  } else if (/\.(csv|tsv|tab|txt|xlsx|ods)$/i.test(file.name) || file.type === "text/csv") {
    tab.open("many");
    many.take(file);
  } else {
    say("drop", { text: "Drop a picture, or a table of titles: CSV, Excel or OpenDocument.", fades: true });
  }
}

let depth = 0;
const isTyping = ({ target }) => target instanceof Element && Boolean(target.closest("input, textarea"));
const over = (change) => (event) => {
  const kinds = event.dataTransfer?.types ?? [];
  if (!kinds.includes("Files") && (!kinds.includes("text/uri-list") || isTyping(event))) return;
  event.preventDefault();
  depth = change === null ? 0 : Math.max(depth + change, 0);
  document.body.classList.toggle("dragging", depth > 0);
};
window.addEventListener("dragenter", over(1));
window.addEventListener("dragleave", over(-1));
window.addEventListener("dragover", over(0));
function openAddress(address) {
  tab.open("cover");
  cover.fetchPicture(address);
}

window.addEventListener("drop", (event) => {
  over(null)(event);
  if (!event.defaultPrevented) return;
  const { files } = event.dataTransfer;
  const [address] = event.dataTransfer.getData("text/uri-list").split(/\r?\n/);
  if (files.length) openFile(files[0]);
  else if (address) openAddress(address);
  if (files.length > 1) {
    say("drop", { text: `One at a time: only ${files[0].name} is used.`, fades: true });
  }
});
window.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  const text = event.clipboardData?.getData("text").trim() ?? "";
  const isAddress = tab.current() === "cover" && !isTyping(event) && /^https?:\S+$/.test(text);
  if (!file && !isAddress) return;
  event.preventDefault();
  if (file) openFile(file);
  else openAddress(text);
});
window.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.target instanceof HTMLSelectElement) return;
  if (event.target instanceof HTMLTextAreaElement) return;
  if (document.querySelector("dialog[open]")) return; // which closes, and leaves the page as it was
  const stop = { title: title.clear, cover: cover.clear, create: create.cancel, many: many.cancel,
    review: review.cancel, operations: operations.cancel };
  stop[tab.current()]();
});
window.addEventListener("hashchange", () => restore(addressState()));

if (inFrame()) {
  window.parent.document.title = document.title;
  const full = outLink(window.location.href, "Full page");
  full.addEventListener("pointerdown", () => (full.href = window.location.href));
  full.addEventListener("focus", () => (full.href = window.location.href));
  full.id = "full-page";
  at("retrain").before(full);
}
closeRetrainingOutside();
pipelinePanel();
// Text typed while the scripts were loading wins over the address.
restore({ ...addressState(), ...title.typed() });
askModels();
if (tab.current() === "title" && window.matchMedia("(pointer: fine)").matches) {
  at("title").focus({ preventScroll: true });
}
