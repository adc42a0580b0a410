// Thumbs up and down.

import { Problem, ask, lasting } from "./api.js";
import { icon, make } from "./dom.js";
import { clear, say } from "./status.js";

const given = new Map();
let taken = null;
const willTake = new Promise((resolve) => (taken = resolve));

/** Says, once it is known, whether the server takes votes. */
export function takeVotes(does) {
  if (does) taken();
}

async function send(vote, value) {
  try {
    const body = JSON.stringify({ ...vote, vote: value });
    await ask("feedback", { body, type: "application/json" });
    say("vote", { text: "Thank you, noted.", tone: "calm", fades: true });
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { text, action } = lasting(error);
    say("vote", { text: `Your vote was not taken: ${text}`, action, fades: !action });
    return false;
  }
}

/**
 * Makes the two thumbs; they stay empty if the server takes no votes.
 *
 * Args:
 *   vote: what is voted on, as the server expects it, less the vote.
 *   labels: what up and down mean.
 *   name: of what is voted on.
 */
export function thumbs(vote, labels, name) {
  const box = make("span", { class: "thumbs", role: "group", "aria-label": `Judge ${name}` });
  const key = JSON.stringify(vote);
  const buttons = [1, -1].map((value, place) => {
    const label = `${labels[place]}: ${name}`;
    const button = make("button", { type: "button", class: "icon", "aria-label": label }, icon("thumb"));
    button.dataset.vote = value;
    button.title = labels[place];
    return button;
  });
  const draw = () =>
    buttons.forEach((button) => {
      button.setAttribute("aria-pressed", String(given.get(key) === Number(button.dataset.vote)));
    });
  buttons.forEach((button) =>
    button.addEventListener("click", async () => {
      const before = given.get(key);
      const value = Number(button.dataset.vote);
      if (before === value) return;
      clear("vote");
      given.set(key, value);
      draw();
      if (await send(vote, value)) return;
      if (before) given.set(key, before);
      else given.delete(key);
      draw();
    }),
  );
  draw();
  willTake.then(() => box.append(...buttons));
  return box;
}
