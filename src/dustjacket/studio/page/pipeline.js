// Where the work of each step of the pipeline stands, shown while the list is open.

import { Asker, askJson } from "./api.js";
import { at, make } from "./dom.js";
import { dagLink } from "./links.js";

const STATUSES = {
  missing_input: "Waiting for input",
  to_do: "To do",
  retriable: "Can be retried",
  superseded: "To be repeated",
  replaced: "Replaced",
  undecided: "Decision pending",
  published: "Published",
  error: "Error",
};
const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

function date(published_at) {
  const text = published_at ? dates.format(new Date(published_at)) : "";
  return make("time", { datetime: published_at }, text);
}

const stepItem = ({ step, status, published_at, reason }) =>
  make(
    "li",
    { "data-step": step, "data-status": status },
    dagLink(step),
    make("b", {}, STATUSES[status] ?? status),
    date(published_at),
    make("span", { class: "reason", dir: "auto" }, reason),
  );

/** Loads the list each time the user opens it; closing it ends the request. */
export function pipelinePanel() {
  const panel = at("pipeline");
  const list = at("steps");
  const show = (...items) => {
    list.replaceChildren(...items);
    list.setAttribute("aria-busy", "false");
  };
  const asker = new Asker("steps", {
    busy: () => list.setAttribute("aria-busy", "true"),
    answered: (steps) => show(...steps.map(stepItem)),
    refused: (problem) => show(make("li", {}, problem.detail)),
  });
  panel.addEventListener("toggle", () => {
    if (!panel.open) return asker.cancel();
    if (!list.hasChildNodes()) list.append(make("li", {}, "Loading…"));
    asker.ask((signal) => askJson("steps", { signal }));
  });
}
