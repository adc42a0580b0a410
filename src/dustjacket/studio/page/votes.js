// Thumbs up and down.

import { Problem, ask, statusOf } from "./api.js";
import { icon, make } from "./dom.js";
import { clear, say } from "./status.js";

const votes = new Map();
let enable = null;
const enabled = new Promise((resolve) => (enable = resolve));

/** Sets whether the server stores votes. */
export function takeVotes(stored) {
  if (stored) enable();
}

async function send(vote, value) {
  try {
    const body = JSON.stringify({ ...vote, vote: value });
    await ask("feedback", { body, type: "application/json" });
    say("vote", { text: "Thank you. Your vote is stored.", tone: "calm", fades: true });
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { text, action } = statusOf(error);
    say("vote", { text: `Your vote was not stored: ${text}`, action, fades: !action });
    return false;
  }
}

/**
 * Makes two buttons, thumbs up and down; without votes on the server, they do not appear.
 *
 * Args:
 *   vote: the body of the request, without the field `vote`.
 *   labels: of the two buttons.
 *   name: of the genre or cover that is rated.
 */
export function thumbs(vote, labels, name) {
  const box = make("span", { class: "thumbs", role: "group", "aria-label": `Rate ${name}` });
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
      button.setAttribute("aria-pressed", String(votes.get(key) === Number(button.dataset.vote)));
    });
  buttons.forEach((button) =>
    button.addEventListener("click", async () => {
      const before = votes.get(key);
      const value = Number(button.dataset.vote);
      if (before === value) return;
      clear("vote");
      votes.set(key, value);
      draw();
      if (await send(vote, value)) return;
      if (before) votes.set(key, before);
      else votes.delete(key);
      draw();
    }),
  );
  draw();
  enabled.then(() => box.append(...buttons));
  return box;
}
