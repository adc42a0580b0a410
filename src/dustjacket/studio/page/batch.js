// The panel "Many titles": reads a table of titles and shows their genres as they arrive.

import { Asker, Problem, ask, reached } from "./api.js";
import { Bars } from "./bars.js";
import { csvOf } from "./csv.js";
import { announce, at, count, counted, make, percent, save, sentence, setText } from "./dom.js";
import { clear as clearNote, say } from "./status.js";

const SHOWN_ROWS = 100;
const SHOWN_GENRES = 8;
const SHOWN_CHARS = 120;

const type = "application/octet-stream"; // what it is, its content shows

/** Returns pasted text as a table: cells of a spreadsheet as they are, or one title per line. */
function tableOf(text) {
  if (text.includes("\t")) return text;
  return ["title", ...text.split("\n")].map((line) => `"${line.trim().replaceAll('"', '""')}"`).join("\n");
}

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
  let bytes = null;
  let table = { columns: [], separator: "," };
  let rows = 0;
  let predictions = [];
  let genres = new Map();
  let running = false;

  const asker = new Asker("batch", {
    answered: () => {
      const refused = predictions.filter(({ error }) => error).length;
      const all = count(predictions.length);
      end(
        refused
          ? `${count(predictions.length - refused)} of ${all} titles answered, ${count(refused)} refused.`
          : `${counted(predictions.length, "title")} answered.`,
      );
    },
    refused: (problem) => {
      if (problem.dag) {
        return show(`${problem.detail} Run ${problem.dag}: this page then continues by itself.`);
      }
      if (!rows) return fail(problem.detail);
      end(`${problem.detail} Stopped at ${count(predictions.length)} of ${count(rows)}.`);
    },
  });

  function begin(first) {
    rows = first.rows;
    table = first;
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

  /** Shows why a file has no answer, and nothing else. */
  function fail(text) {
    running = false;
    at("batch").hidden = true;
    at("tally-part").hidden = true;
    answered("batch", null);
    setText(at("batch-problem"), `${name}: ${sentence(text)}`);
    at("batch-problem").hidden = false;
    announce("batch", `${name}: ${sentence(text)}`);
  }

  function sorted() {
    if (at("predictions-order").value !== "unsure") return predictions;
    const sure = ({ error, probability }) => (error ? 2 : probability);
    return [...predictions].sort((a, b) => sure(a) - sure(b));
  }

  function rowOf(prediction) {
    const { row, cells, title, author, genre, probability, sure, second, second_probability, error } =
      prediction;
    const shown = error
      ? [
          make("td", { dir: "auto" }, cells.join(" · ").slice(0, SHOWN_CHARS)),
          make("td", { class: "wrong", colspan: 5 }, error),
        ]
      : [
          make("td", { dir: "auto" }, title),
          make("td", { dir: "auto" }, author ?? ""),
          make("td", {}, genre),
          make("td", { class: "number" }, percent(probability)),
          make("td", {}, sure ? "yes" : "not sure"),
          make("td", {}, second ? `${second}, ${percent(second_probability)}` : ""),
        ];
    return make("tr", {}, make("td", { class: "number" }, count(row)), ...shown);
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
    // Not before: it would be a part.
    at("batch-download").disabled = at("batch-xlsx").disabled = !predictions.length;
    at("predictions-order-field").hidden = predictions.length < 2;
    if (!bar.hasAttribute("value")) bar.value = 0;
    const hidden = predictions.length - body.rows.length;
    at("predictions-hint").hidden = hidden <= 0;
    setText(at("predictions-hint"), `${counted(hidden, "more row")} in the download.`);
    show(text);
    announce("batch", text);
  }

  at("predictions-order").addEventListener("change", () => {
    body.replaceChildren(...sorted().slice(0, SHOWN_ROWS).map(rowOf));
  });

  async function take(file) {
    const maxBytes = limits().batch_bytes;
    clearNote("file");
    if (file.size > maxBytes) {
      const megabytes = count(Math.round(maxBytes / 1e6));
      const text = `The file is too large: at most ${megabytes} MB are allowed.`;
      return say("file", { text, fades: true });
    }
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
    at("batch-problem").hidden = true;
    at("predictions-order").value = "file";
    at("predictions-order-field").hidden = true;
    at("batch").hidden = false;
    at("batch-cancel").hidden = false;
    at("batch-download").disabled = at("batch-xlsx").disabled = true;
    bar.removeAttribute("value");
    show(`Sending ${name}…`);
    announce("batch", `Sending ${name}.`);
    asker.ask((signal) => predict(signal));
  }

  async function predict(signal) {
    const response = await ask("genre/batch", { body: bytes, type, signal, timeoutMs: 0 }).catch((error) => {
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
  function saveAs(file, ending) {
    const stem = name.replace(/\.[^.]*$/, "") || "titles";
    save(file, `${stem}-genres.${ending}`);
  }

  const workbookAsker = new Asker("batch-xlsx", {
    busy: () => (at("batch-xlsx").disabled = true),
    refused: (problem) => {
      at("batch-xlsx").disabled = false;
      say("file", { text: problem.detail, fades: true });
    },
    answered: (file) => {
      at("batch-xlsx").disabled = false;
      saveAs(file, "xlsx");
    },
  });
  at("batch-download").addEventListener("click", () => saveAs(csvOf(table, predictions), "csv"));
  at("batch-xlsx").addEventListener("click", () =>
    workbookAsker.ask(async (signal) => {
      const options = { body: bytes, type, signal, timeoutMs: 0 };
      return (await ask("genre/batch/xlsx", options)).blob();
    }),
  );
  at("titles-go").addEventListener("click", () => {
    const text = at("titles-paste").value.trim();
    if (!text) return at("titles-paste").focus();
    take(new File([tableOf(text)], "titles.csv", { type }));
  });
  return { take, cancel };
}
