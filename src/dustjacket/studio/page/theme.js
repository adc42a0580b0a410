// Light or dark as Airflow's own page is, where this one is shown inside it; else as the system is.
// No module: it is at work before the first paint.
(() => {
  let outer;
  try {
    outer = window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    outer = null; // another origin's page
  }
  if (!outer) return;
  const follow = () => {
    const said = [...outer.classList, outer.dataset.theme];
    const theme = ["dark", "light"].find((one) => said.includes(one));
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  follow();
  const seen = new MutationObserver(follow);
  seen.observe(outer, { attributes: true, attributeFilter: ["class", "data-theme"] });
  window.addEventListener("pagehide", () => seen.disconnect());
})();
