// Links to other pages, the versions that gave the answers, and the Retrain menu.

import { inFrame } from "./api.js";
import { at, icon, make } from "./dom.js";
import { say } from "./status.js";

const KINDS = {
  genre_classifier: "Genre classifier",
  cover_clip: "Cover CLIP",
  cover_index: "Cover index",
  labelled_covers: "Labelled covers",
  cover_generator: "Cover generator",
  starting_clip: "Cover CLIP, starting weights",
};

/** Returns the name of a kind of versions. */
export const kindName = (kind) => KINDS[kind] ?? kind.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());

const DAGS = {
  select_classifier: "Genre classifier",
  finetune_clip: "CLIP on covers",
};
const BUTTON_TIMEOUT_MS = 20_000;
let setInAirflow;
const inAirflow = new Promise((resolve) => (setInAirflow = resolve));

/** Makes a link that opens a new tab, even if the frame's sandbox forbids popups. */
export function outLink(address, ...label) {
  const link = make("a", { href: address, target: "_blank", rel: "noopener" }, ...label, icon("out"));
  link.append(make("span", { class: "unseen" }, " (opens a new tab)"));
  link.addEventListener("click", (event) => {
    if (!inFrame()) return;
    event.preventDefault();
    const outer = window.parent.document.createElement("a");
    Object.assign(outer, { href: link.href, target: "_blank", rel: "noopener" });
    window.parent.document.body.append(outer);
    outer.click();
    outer.remove();
  });
  return link;
}

/**
 * Makes a link to a DAG's page in Airflow, which has the trigger button (its form has no address).
 * Outside Airflow it is only the DAG's name.
 */
export function dagLink(dag, label = dag) {
  const box = make("span", {}, make("code", {}, dag));
  const address = new URL(`../dags/${encodeURIComponent(dag)}`, window.location.href);
  inAirflow.then((airflow) => airflow && box.replaceChildren(outLink(address.href, label)));
  return box;
}

/**
 * Makes a link to a DAG's trigger form. The form has no address, so the link opens the DAG's page
 * in a new tab and clicks the trigger button there.
 */
function triggerLink(dag, label) {
  const link = outLink(new URL(`../dags/${encodeURIComponent(dag)}`, window.location.href).href, label);
  link.addEventListener(
    "click",
    (event) => {
      const tab = inFrame() && openOutside(link.href);
      if (!tab) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      clickWhenReady(tab, "[data-testid=trigger-dag-button]:not([disabled])");
    },
    { capture: true },
  );
  return link;
}

function openOutside(address) {
  try {
    return window.parent.open(address, "_blank");
  } catch {
    return null;
  }
}

function clickWhenReady(tab, selector) {
  const until = Date.now() + BUTTON_TIMEOUT_MS;
  const poll = setInterval(() => {
    let button = null;
    try {
      button = tab.document.querySelector(selector);
    } catch {
      // The login page may have another origin, which cannot be read.
    }
    button?.click();
    if (button || tab.closed || Date.now() > until) clearInterval(poll);
  }, 200);
}

/** Copies the address of what the page shows; inside Airflow, that of the outer page. */
export async function copyLink() {
  const outer = inFrame() && window.parent.location.hash === window.location.hash ? window.parent : window;
  try {
    await navigator.clipboard.writeText(outer.location.href);
    say("copy", { text: "The link is copied.", tone: "calm", fades: true });
  } catch {
    say("copy", { text: `Copy this link: ${outer.location.href}`, fades: true });
  }
}

/** Shows the Retrain menu if the page is served by Airflow. */
export function offerRetraining(airflow) {
  setInAirflow(airflow);
  const nav = at("retrain");
  nav.hidden = !airflow;
  nav.querySelector("ul").replaceChildren(
    ...Object.entries(DAGS).map(([dag, label]) =>
      make("li", {}, triggerLink(dag, label), make("small", {}, `The trigger form of ${dag}.`)),
    ),
  );
}

/** Shows commands that ask the same by the API; inside Airflow they need a token of it. */
export function showApi(airflow) {
  const command = (path, ...lines) => {
    const login = airflow ? ['-H "Authorization: Bearer $TOKEN"'] : ["-H 'X-Dustjacket: curl'"];
    return ["curl " + new URL(path, window.location.href.split("#")[0]).href, ...login, ...lines].join(" \\\n  ");
  };
  const json = (value) => ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(value)}'`];
  at("api-login").hidden = !airflow;
  at("api-example").textContent = [
    command("genre", ...json({ title: "Rice and Paris" })),
    command("covers/search", ...json({ title: "Rice and Paris", top: 3 })),
    command("match", "-F image=@cover.jpg", "-F 'prompts=a bowl of rice'", "-F 'prompts=a tower'"),
  ].join("\n\n");
}

/** Closes the Retrain menu when the user clicks or focuses something else. */
export function closeRetrainingOutside() {
  const menu = at("retrain").querySelector("details");
  const leave = (event) => menu.contains(event.target) || (menu.open = false);
  document.addEventListener("pointerdown", leave);
  document.addEventListener("focusin", leave);
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
}

function versionItem({ kind, version, run, note }) {
  const item = make(
    "li",
    { "data-kind": kind },
    make("b", {}, kindName(kind)),
    make("code", {}, version),
  );
  if (note) item.append(make("span", {}, note));
  if (/^https?:\/\//.test(run ?? "")) item.append(outLink(run, "MLflow run"));
  return item;
}

/** Shows versions, each once: those that gave the answers, or those in use. */
export function showVersions(versions, { answered }) {
  const unique = new Map(
    versions.filter(Boolean).map((ref) => [`${ref.kind} ${ref.version}`, ref]),
  );
  at("versions-heading").textContent = answered ? "Answered by" : "Models in use";
  const items = [...unique.values()].map(versionItem);
  at("versions").replaceChildren(...(items.length ? items : [make("li", {}, "None yet")]));
  at("versions").closest("footer").hidden = false;
}
