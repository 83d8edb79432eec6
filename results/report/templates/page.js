(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, fields = {}, ...inside) => {
    const e = Object.assign(document.createElement(tag), fields);
    e.append(...inside);
    return e;
  };

  // Every run: filter, and a drill-down under the row.
  const rows = [...document.querySelectorAll("#table-runs tbody tr")];
  const count = document.getElementById("run-count");
  document.getElementById("run-filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    document.querySelectorAll("tr.drill").forEach((r) => r.remove());
    rows.forEach((r) => r.querySelector("button")?.setAttribute("aria-expanded", "false"));
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((w) => text.includes(w));
      shown += !row.hidden;
    }
    count.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
  const svg = (tag, fields) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(fields)) e.setAttribute(k, v);
    return e;
  };
  const { target, end } = data.runs._;
  const spark = (name, run) => {
    const x = (v) => 8 + (464 * v) / (end || 1), y = (v) => 132 - 124 * v;
    const told = `Accuracy of ${name} from 0 to 100 % over ${end} steps; it ends at ` +
      `${(100 * run.points.at(-1)[1]).toFixed(1)} %.`;
    const s = svg("svg", { viewBox: "0 0 480 140", class: "spark", role: "img", "aria-label": told });
    s.append(svg("line", { x1: 8, x2: 472, y1: y(0), y2: y(0), stroke: "var(--rule)" }));
    if (target !== null)
      s.append(svg("line", { x1: 8, x2: 472, y1: y(target), y2: y(target), stroke: "var(--soft)", "stroke-dasharray": "4 3" }));
    s.append(svg("polyline", {
      points: run.points.map(([a, b]) => `${x(a)},${y(b)}`).join(" "),
      fill: "none", stroke: "var(--arm-1)", "stroke-width": 2,
    }));
    return s;
  };
  const toggle = (row, button, name) => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) return row.nextElementSibling.remove();
    const run = data.runs[name];
    const cell = make("td", { colSpan: row.cells.length });
    if (run.points.length) cell.append(spark(name, run));
    const spent = Object.entries(run.spent).map(([k, v]) => `${v.toLocaleString("en")} ${k}`);
    cell.append(make("p", { className: "small" }, `Spent: ${spent.join(", ") || "unknown"}. Files: ${run.path}/`));
    row.after(make("tr", { className: "drill" }, cell));
  };
  for (const row of rows) {
    const head = row.cells[0], name = head.textContent;
    const button = make("button", { type: "button", className: "link", textContent: name });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => toggle(row, button, name));
    head.replaceChildren(button);
  }

  // Copy what stands beside a button.
  for (const button of document.querySelectorAll("[data-copy]"))
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch { // a page from a file may not be allowed to: mark it, to be copied by hand
        getSelection().selectAllChildren(text);
      }
    });

  // Which section is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("section").forEach((section) => seen.observe(section));
  addEventListener("beforeprint", () => document.querySelectorAll("details.printed").forEach((d) => { d.open = true; }));
})();
