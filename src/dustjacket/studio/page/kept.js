// What this tab of the browser keeps until it is closed.

/** Returns the entries that are kept under a key. */
export function keptEntries(key) {
  try {
    return JSON.parse(window.sessionStorage.getItem(key)) ?? [];
  } catch {
    return []; // storage may be turned off
  }
}

/** Keeps entries under a key. */
export function keepEntries(key, entries) {
  try {
    window.sessionStorage.setItem(key, JSON.stringify(entries));
  } catch {
    // they are then lost when the page is closed
  }
}
