// Tabs, with arrow keys to move between them.

const MOVES = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * Sets the tabs up.
 *
 * Args:
 *   events: `changed()`, called when another tab is opened.
 *
 * Returns:
 *   `current()`, the name of the open tab, and `open(name)`.
 */
export function tabs({ changed }) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const nameOf = (tab) => tab.id.replace("tab-", "");
  const selected = () => all.find((tab) => tab.getAttribute("aria-selected") === "true");

  function choose(chosen) {
    if (chosen === selected()) return;
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    changed();
  }

  for (const tab of all) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const place = all.indexOf(tab);
      const moved = { Home: 0, End: all.length - 1 }[key] ?? place + (MOVES[key] ?? 0);
      const next = all[(moved + all.length) % all.length];
      if (next === tab) return;
      choose(next);
      next.focus();
    });
  }

  return {
    current: () => nameOf(selected()),
    open: (name) => choose(all.find((tab) => nameOf(tab) === name)),
  };
}
