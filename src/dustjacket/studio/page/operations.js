// The panel "Operations": what serves, runs, failed, waits for a person, and fills the disk.

import { Asker, askJson } from "./api.js";
import { announce, at, count, counted, make } from "./dom.js";
import { dagLink, kindName, outLink } from "./links.js";
import { Part } from "./part.js";

const REFRESH_MS = 30_000;
const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

const time = (at) => make("time", { datetime: at }, dates.format(new Date(at)));
const size = (bytes) => (bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`);
const reason = (text) => make("p", { class: "reason", dir: "auto" }, text);

const serves = ({ kind, version, since, why, result }) =>
  make(
    "li",
    { "data-kind": kind },
    make("p", {}, make("b", {}, kindName(kind)), result ? `: ${result}` : ""),
    make("p", { class: "hint" }, "since ", time(since), " · ", make("code", {}, version)),
    reason(why),
  );

const runs = ({ step, since }) =>
  make("li", { "data-step": step }, dagLink(step), make("p", { class: "hint" }, "since ", time(since)));

function failed({ dag, at: when, reason: why, cure, link }) {
  const page = /^https?:\/\//.test(link) ? [" · ", outLink(link, "the run")] : [];
  return make(
    "li",
    { "data-dag": dag },
    make("p", {}, make("b", { class: "wrong" }, dag), " ", make("span", { class: "hint" }, time(when), ...page)),
    reason(why),
    make("p", { dir: "auto" }, "What to do: ", cure),
  );
}

const waits = ({ version, since, reason: why, cure }) =>
  make(
    "li",
    {},
    make("p", {}, make("code", {}, version), " ", make("span", { class: "hint" }, "since ", time(since))),
    reason(why),
    make("p", {}, "What to do: ", cure),
  );

const uses = ({ kind, versions, bytes, bytes_of_last_week }) =>
  make(
    "tr",
    {},
    make("th", { scope: "row" }, kindName(kind)),
    ...[count(versions), size(bytes), size(bytes_of_last_week)].map((text) => make("td", {}, text)),
  );

const shownValue = (value) => (typeof value === "string" ? value || "none" : JSON.stringify(value));

const changed = ({ step, parameter, value, shipped }) =>
  make(
    "li",
    {},
    make("p", {}, make("code", {}, `${step}.${parameter}`), " ", make("b", { dir: "auto" }, shownValue(value))),
    make("p", { class: "hint", dir: "auto" }, `shipped: ${shownValue(shipped)}`),
  );

function fill(id, items, none) {
  at(id).replaceChildren(...(items.length ? items : [make("li", { class: "hint" }, none)]));
}

function draw(found) {
  fill("ops-serving", found.serving.map(serves), "Nothing serves yet: run the chain first.");
  fill("ops-running", found.running.map(runs), "Nothing runs.");
  fill("ops-failed", found.failed.map(failed), "The last run of every DAG succeeded.");
  fill("ops-waiting", found.waiting.map(waits), "Nothing waits for a person.");
  fill("ops-defaults", found.defaults.map(changed), "All are as shipped.");
  at("ops-disk").replaceChildren(...found.disk.map(uses));
  at("ops-free").textContent =
    `${size(found.free_bytes)} of ${size(found.total_bytes)} are free. ` + found.missing.join(" ");
  announce(
    "operations",
    `${counted(found.failed.length, "failed DAG")}, ${counted(found.waiting.length, "decision")} waiting.`,
  );
}

/**
 * Sets the panel up.
 *
 * Args:
 *   events: `isOpen()`, whether the panel is shown; while it is, the page refreshes it.
 *
 * Returns:
 *   `open()`, called when the panel is shown, and `cancel()`.
 */
export function operationsPanel({ isOpen }) {
  const part = new Part(at("operations-part"));
  let timer;
  const asker = new Asker("operations", {
    busy: () => part.busy(),
    answered: (found) => {
      draw(found);
      part.ready();
    },
    refused: (problem) => part.refused(problem),
  });
  function open() {
    clearTimeout(timer);
    if (!isOpen()) return asker.cancel();
    if (!document.hidden) asker.ask((signal) => askJson("operations", { signal }));
    timer = setTimeout(open, REFRESH_MS);
  }
  return { open, cancel: () => {} };
}
