// Predictions as CSV.

const COLUMNS = [
  "row",
  "title",
  "author",
  "genre",
  "probability",
  "second",
  "second_probability",
  "error",
];

/** Returns a value as a CSV cell; a leading quote keeps spreadsheets from running formulas. */
export function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns predictions as a CSV file, with the byte order mark that Excel needs for UTF-8. */
export function csvOf(predictions) {
  const rows = predictions.map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return new Blob([["\ufeff" + COLUMNS.join(","), ...rows, ""].join("\r\n")], {
    type: "text/csv;charset=utf-8",
  });
}
