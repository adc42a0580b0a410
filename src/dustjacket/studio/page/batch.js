// The panel "Many titles": reads a CSV file of titles and shows their genres as they arrive.

import { Asker, Problem, ask, reached } from "./api.js";
import { Bars } from "./bars.js";
import { csvOf } from "./csv.js";
import { announce, at, count, counted, make, percent, setText } from "./dom.js";
import { clear as clearNote, say } from "./status.js";

const SHOWN_ROWS = 100;
const SHOWN_GENRES = 8;

const parsed = async (line) => JSON.parse(line);

/** Yields the values of a JSON Lines response as they arrive. */
async function* valuesOf(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reached(reader.read(), signal);
      const lines = (rest + (value ?? "")).split("\n");
      rest = done ? "" : lines.pop();
      for (const line of lines) if (line.trim()) yield await reached(parsed(line), signal);
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `limits()` and `answered(name, versions)`, see coverPanel.
 *
 * Returns:
 *   `take(file)`, which sends a file, and `cancel()`.
 */
export function batchPanel({ limits, answered }) {
  const bar = at("batch-progress");
  const body = at("predictions").querySelector("tbody");
  const tally = new Bars(at("tally"), { key: "genre" });
  let name = "";
  let rows = 0;
  let predictions = [];
  let genres = new Map();
  let running = false;

  const asker = new Asker("batch", {
    answered: () => end(`Done: ${counted(predictions.length, "title")}.`),
    refused: (problem) => {
      if (problem.dag) {
        return show(`${problem.detail} Run ${problem.dag}: this page then continues by itself.`);
      }
      const where = rows ? ` Stopped at ${count(predictions.length)} of ${count(rows)}.` : "";
      end(problem.detail + where);
    },
  });

  function begin(first) {
    rows = first.rows;
    predictions = [];
    genres = new Map();
    body.replaceChildren();
    tally.show([]);
    at("predictions-hint").hidden = true;
    at("tally-part").hidden = false;
    answered("batch", first.by);
    progress();
  }

  function add(chunk) {
    for (const prediction of chunk) {
      const { genre } = prediction;
      if (body.rows.length < SHOWN_ROWS) body.append(rowOf(prediction));
      predictions.push(prediction);
      if (genre) genres.set(genre, (genres.get(genre) ?? 0) + 1);
    }
    const frequent = [...genres].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_GENRES);
    const total = [...genres.values()].reduce((sum, number) => sum + number, 0);
    tally.show(
      frequent.map(([genre, number]) => ({
        name: genre,
        share: number / total,
        value: count(number),
      })),
    );
    progress();
  }

  function rowOf(prediction) {
    const { row, title, author, genre, probability, sure, second, second_probability, error } =
      prediction;
    const cells = error
      ? [make("td", { class: "wrong", colspan: 6 }, error)]
      : [
          make("td", { dir: "auto" }, title),
          make("td", { dir: "auto" }, author ?? ""),
          make("td", {}, genre),
          make("td", { class: "number" }, percent(probability)),
          make("td", {}, sure ? "yes" : "not sure"),
          make("td", {}, second ? `${second}, ${percent(second_probability)}` : ""),
        ];
    return make("tr", {}, make("td", { class: "number" }, count(row)), ...cells);
  }

  function show(text) {
    setText(at("batch-text"), text);
  }

  function progress() {
    bar.max = Math.max(rows, 1);
    bar.value = predictions.length;
    const failed = predictions.filter(({ error }) => error).length;
    const note = failed ? `, ${count(failed)} cannot be read` : "";
    show(`${count(predictions.length)} of ${counted(rows, "title")}${note}`);
  }

  function end(text) {
    running = false;
    at("batch-cancel").hidden = true;
    at("batch-download").disabled = !predictions.length; // not before: it would be a part
    if (!bar.hasAttribute("value")) bar.value = 0;
    const hidden = predictions.length - body.rows.length;
    at("predictions-hint").hidden = hidden <= 0;
    setText(at("predictions-hint"), `${counted(hidden, "more row")} in the download.`);
    const failed = predictions.filter(({ error }) => error).length;
    const note = failed ? ` ${count(failed)} cannot be read.` : "";
    show(text + note);
    announce("batch", text + note);
  }

  async function take(file) {
    const maxBytes = limits().batch_bytes;
    clearNote("file");
    if (file.size > maxBytes) {
      const megabytes = count(Math.round(maxBytes / 1e6));
      const text = `The file is too large: at most ${megabytes} MB are allowed.`;
      return say("file", { text, fades: true });
    }
    let bytes;
    try {
      bytes = await file.arrayBuffer();
    } catch {
      return say("file", { text: `${file.name} cannot be read.`, fades: true });
    }
    name = file.name;
    rows = 0;
    predictions = [];
    genres = new Map();
    running = true;
    body.replaceChildren();
    tally.show([]);
    at("batch").hidden = false;
    at("batch-cancel").hidden = false;
    at("batch-download").disabled = true;
    bar.removeAttribute("value");
    show(`Sending ${name}…`);
    announce("batch", `Sending ${name}.`);
    asker.ask((signal) => predict(bytes, signal));
  }

  async function predict(bytes, signal) {
    const options = { body: bytes, type: "text/csv", signal, timeoutMs: 0 };
    const response = await ask("genre/batch", options).catch((error) => {
      if (error.status === 401) end("Stopped.");
      throw error;
    });
    for await (const value of valuesOf(response, signal)) {
      signal.throwIfAborted();
      if (value.error) throw new Problem(422, value.error);
      if ("rows" in value) begin(value);
      else add(value.predictions);
    }
  }

  function cancel() {
    if (!running) return;
    asker.cancel();
    end(rows ? `Cancelled at ${count(predictions.length)} of ${count(rows)}.` : "Cancelled.");
    at("csv-input").focus();
  }

  at("csv-input").addEventListener("change", ({ target }) => {
    if (target.files[0]) take(target.files[0]);
    target.value = ""; // so that the same file can be chosen again
  });
  at("csv-drop").addEventListener("click", () => at("csv-input").click());
  at("batch-cancel").addEventListener("click", cancel);
  at("batch-download").addEventListener("click", () => {
    const address = URL.createObjectURL(csvOf(predictions));
    make("a", { href: address, download: `genres of ${name || "titles.csv"}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  });
  return { take, cancel };
}
