// A cover of the library in full size, with its record and the covers that look most like it.

import { Asker, askJson } from "./api.js";
import { CoverGrid } from "./covers.js";
import { at, make, setText } from "./dom.js";
import { copyLink } from "./links.js";
import { Part } from "./part.js";

/**
 * Sets the dialog up.
 *
 * Args:
 *   events: `changed()`, called when it shows another cover or closes; `titleOf(cover)`, called to
 *     search by its title; `answered(name, versions)`.
 *
 * Returns:
 *   `open(id, match)`, `close()` and `state()`, the id of the cover that it shows, or an empty string.
 */
export function coverDialog({ changed, titleOf, answered }) {
  const dialog = at("cover-dialog");
  const part = new Part(at("record"));
  const similar = new CoverGrid(at("record-similar"), { open });
  const picture = at("record-picture");
  let shown = "";
  let match = "";
  let record = null;

  const asker = new Asker("record", {
    busy: () => part.busy(),
    refused: (problem) => {
      part.refused(problem);
      draw(null, []);
    },
    answered: (answer) => {
      part.ready();
      draw(answer.cover, answer.similar);
      answered("record", answer.by);
    },
  });

  function draw(cover, others) {
    record = cover;
    setText(at("record-title"), cover?.title ?? "");
    picture.hidden = !cover;
    at("record-facts").replaceChildren();
    similar.show(others);
    if (!cover) return;
    picture.src = cover.image;
    picture.alt = `Cover of ${cover.title}`;
    at("record-download").href = cover.image;
    at("record-download").download = `${cover.id}.jpg`;
    const facts = [
      ["Author", cover.author],
      ["Genre in the library", cover.category],
      ["Predicted genre", cover.genre],
      ["Match", match],
      ["Size", cover.width && `${cover.width} × ${cover.height} pixels`],
      ["Key", cover.id],
    ];
    for (const [name, value] of facts) {
      if (value) at("record-facts").append(make("dt", {}, name), make("dd", { dir: "auto" }, value));
    }
  }

  function open(id, parts = "") {
    shown = id;
    match = parts;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    asker.ask((signal) => askJson(`covers/${encodeURIComponent(id)}`, { signal }));
    changed();
  }

  function close() {
    if (dialog.open) dialog.close();
  }

  dialog.addEventListener("close", () => {
    shown = "";
    asker.cancel();
    answered("record", null);
    changed();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  at("record-close").addEventListener("click", close);
  at("record-search").addEventListener("click", () => {
    const cover = record;
    close();
    if (cover) titleOf(cover);
  });
  at("record-copy").addEventListener("click", copyLink);
  return { open, close, state: () => shown };
}
