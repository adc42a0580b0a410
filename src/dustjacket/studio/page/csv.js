// Predictions as CSV: the file as it came, with columns appended.

const ADDED = {
  "predicted genre": "genre",
  probability: "probability",
  sure: "sure",
  "second genre": "second",
  "second probability": "second_probability",
  problem: "error",
};

// Where a spreadsheet could begin a formula: at the start of a cell, or, if it separates cells by
// semicolons or tabs, after one of these, quoted or not. Full-width characters count too.
const FORMULA = /^(?=[\t\r\n])|(?<=(?:^|[;\t\r\n])"*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** Returns a value as a quoted CSV cell; an apostrophe keeps spreadsheets from running formulas. */
export function cell(value) {
  if (value === null || value === undefined) return '""';
  const text = typeof value === "number" ? String(value) : String(value).replace(FORMULA, "'");
  return `"${text.replaceAll('"', '""')}"`;
}

/**
 * Returns a table with its predictions as a CSV file, with the byte order mark that Excel needs.
 *
 * Args:
 *   table: `columns` and `separator` of the file that was sent.
 *   predictions: with `cells`; a row with too many cells has the surplus at its end.
 */
export function csvOf({ columns, separator }, predictions) {
  const width = columns.length;
  const lines = [[...columns, ...Object.keys(ADDED)]];
  for (const prediction of predictions) {
    const { cells } = prediction;
    const own = columns.map((_, place) => cells[place] ?? "");
    const added = Object.values(ADDED).map((field) => prediction[field]);
    lines.push([...own, ...added, ...cells.slice(width)]);
  }
  const text = lines.map((line) => line.map(cell).join(separator)).join("\r\n");
  return new Blob([`\ufeff${text}\r\n`], { type: "text/csv;charset=utf-8" });
}
