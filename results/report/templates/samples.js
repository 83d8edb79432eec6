// Samples: four filters, twenty at a time.
(() => {
  "use strict";
  const { samples } = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, fields = {}, ...inside) => {
    const e = Object.assign(document.createElement(tag), fields);
    e.append(...inside);
    return e;
  };
  const form = document.getElementById("sample-filters");
  if (!form) return; // none were recorded
  const list = document.getElementById("sample-list");
  const more = document.getElementById("sample-more");
  const told = document.getElementById("sample-count");
  const PAGE = 20;
  let limit = PAGE;
  const selects = ["arm", "task", "outcome", "phase"].map((field) => {
    const values = [...new Set(samples.map((s) => s[field]))].filter((v) => v != null).sort();
    const select = make("select", { name: field, id: `f-${field}` }, make("option", { value: "", textContent: "all" }));
    for (const v of values) select.append(make("option", { value: v, textContent: v }));
    form.append(make("span", {}, make("label", { htmlFor: `f-${field}`, textContent: `${field} ` }), select));
    return select;
  });
  const search = make("input", { type: "search", id: "f-text", placeholder: "text", autocomplete: "off" });
  form.append(make("span", {}, make("label", { htmlFor: "f-text", textContent: "containing " }), search));
  const card = (s) => {
    const facts = [s.run, `step ${s.step}`, s.phase, s.task, s.outcome];
    if (s.reward != null) facts.push(`reward ${s.reward}`);
    if (s.advantage != null) facts.push(`advantage ${Number(s.advantage).toFixed(2)}`);
    if (s.length != null) facts.push(`${s.length} tokens${s.truncated ? ", truncated" : ""}`);
    const expected = s.expected ? [make("p", { className: "small" }, `expected: ${s.expected}`)] : [];
    return make("article", { className: "sample" },
      make("header", {}, facts.join(" · ")),
      make("pre", { tabIndex: 0 }, s.prompt), ...expected,
      make("pre", { tabIndex: 0, className: `said ${s.outcome}` }, s.response));
  };
  const show = () => {
    const needle = search.value.toLowerCase();
    const found = samples.filter((s) =>
      selects.every((f) => !f.value || s[f.name] === f.value) &&
      (!needle || `${s.prompt} ${s.response} ${s.problem}`.toLowerCase().includes(needle)));
    list.replaceChildren(...found.slice(0, limit).map(card));
    told.textContent = `${Math.min(limit, found.length)} of ${found.length} samples shown`;
    more.hidden = found.length <= limit;
  };
  form.addEventListener("input", () => { limit = PAGE; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += PAGE; show(); });
  show();
})();
