// Predictions as CSV.

const COLUMNS = [
  "row",
  "title",
  "author",
  "genre",
  "probability",
  "sure",
  "second",
  "second_probability",
  "error",
];

// Where a spreadsheet could begin a formula: at the start of a cell, or, if it separates cells by
// semicolons or tabs, after one of these, quoted or not. Full-width characters count too.
const FORMULA = /^(?=[\t\r\n])|(?<=(?:^|[;\t\r\n])"*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** Returns a value as a quoted CSV cell; an apostrophe keeps spreadsheets from running formulas. */
export function cell(value) {
  if (value === null || value === undefined) return '""';
  const text = typeof value === "number" ? String(value) : String(value).replace(FORMULA, "'");
  return `"${text.replaceAll('"', '""')}"`;
}

/** Returns predictions as a CSV file, with the byte order mark that Excel needs for UTF-8. */
export function csvOf(predictions) {
  const rows = predictions.map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return new Blob([["\ufeff" + COLUMNS.map(cell).join(","), ...rows, ""].join("\r\n")], {
    type: "text/csv;charset=utf-8",
  });
}
