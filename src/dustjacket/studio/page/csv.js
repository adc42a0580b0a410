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

/** Writes a value as a cell that no spreadsheet takes for a formula. */
export function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns predictions as a CSV file; it begins with a mark by which Excel knows it is UTF-8. */
export function csvOf(predictions) {
  const rows = predictions.map((one) => COLUMNS.map((column) => cell(one[column])).join(","));
  return new Blob([["\ufeff" + COLUMNS.join(","), ...rows, ""].join("\r\n")], {
    type: "text/csv;charset=utf-8",
  });
}
