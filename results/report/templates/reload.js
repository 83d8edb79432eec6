// While runs are under way the page loads itself anew, and comes back as it was left.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const view = () => ({
    top: scrollY,
    focus: document.activeElement.id,
    fields: all("input, select").map((f) => [f.id, f.type === "checkbox" ? f.checked : f.value]),
    details: all("details[open]").map((d) => d.id),
    runs: all("#table-runs button[aria-expanded=true]").map((b) => b.textContent),
    samples: all("#sample-list article").length,
  });
  const restore = (seen) => {
    for (const [id, value] of seen.fields) {
      const field = byId(id);
      if (!field || field.value === value || (field.type === "checkbox" && field.checked === value)) continue;
      if (field.type === "checkbox") field.checked = value;
      else field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const id of seen.details) byId(id)?.setAttribute("open", "");
    for (const button of all("#table-runs button"))
      if (seen.runs.includes(button.textContent)) button.click();
    const more = byId("sample-more");
    while (more && !more.hidden && all("#sample-list article").length < seen.samples) more.click();
    byId(seen.focus)?.focus({ preventScroll: true });
    scrollTo({ top: seen.top, behavior: "instant" });
  };
  if (history.state?.seen) {
    restore(history.state.seen);
    history.replaceState(null, "");
  }

  const seconds = Number(document.body.dataset.reload);
  const reload = () => {
    if (!getSelection().isCollapsed) return wait(); // somebody is marking text
    history.scrollRestoration = "manual";
    history.replaceState({ seen: view() }, "");
    location.reload();
  };
  const wait = () => setTimeout(reload, 1000 * seconds);
  if (seconds) wait();
})();
