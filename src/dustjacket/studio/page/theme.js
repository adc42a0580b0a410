// Follows the theme of Airflow's page if this page is shown inside it; otherwise the system's.
// Not a module: it must run before the first paint.
(() => {
  let outer;
  try {
    outer = window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    outer = null; // another origin's page
  }
  if (!outer) return;
  const follow = () => {
    const names = [...outer.classList, outer.dataset.theme];
    const theme = ["dark", "light"].find((name) => names.includes(name));
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  follow();
  const observer = new MutationObserver(follow);
  observer.observe(outer, { attributes: true, attributeFilter: ["class", "data-theme"] });
  window.addEventListener("pagehide", () => observer.disconnect());
})();
