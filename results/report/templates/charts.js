// The page's own charts, drawn with uPlot: curves over seeds, what the claim said, what was measured.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent).charts;
  const $ = (id) => document.getElementById(id);
  const hero = $("chart-accuracy");
  if (!hero || typeof uPlot === "undefined") return;
  document.documentElement.classList.add("js");

  const make = (tag, fields = {}, ...inside) => {
    const e = Object.assign(document.createElement(tag), fields);
    e.append(...inside);
    return e;
  };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (arm) => css(`--arm-${arm.colour}`);
  const runs = Object.values(data.runs);
  const seeds = [...new Set(runs.map((r) => r.seed))].sort((a, b) => a - b);
  const off = { arms: new Set(), seeds: new Set() };
  const shown = () => data.arms.map((_, i) => i).filter((i) => !off.arms.has(i));
  const percent = (v) => `${(100 * v).toFixed(1)} %`;
  const brief = (v) => {
    for (const [size, letter] of [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
      if (Math.abs(v) >= size) return `${+(v / size).toPrecision(3)}${letter}`;
    return String(+v.toPrecision(3));
  };

  // Markers as corners of a unit square; "o" is a circle. The static figures have the same.
  const star = [...Array(10)].map((_, i) => {
    const r = i % 2 ? 0.5 : 1.2, t = (Math.PI * i) / 5;
    return [r * Math.sin(t), -r * Math.cos(t)];
  });
  const five = [...Array(5)].map((_, i) => [Math.sin((2 * Math.PI * i) / 5), -Math.cos((2 * Math.PI * i) / 5)]);
  const plus = [[-0.4, -1], [0.4, -1], [0.4, -0.4], [1, -0.4], [1, 0.4], [0.4, 0.4], [0.4, 1], [-0.4, 1], [-0.4, 0.4], [-1, 0.4], [-1, -0.4], [-0.4, -0.4]];
  const SHAPES = {
    s: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], "^": [[0, -1.1], [1, 0.9], [-1, 0.9]],
    D: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]], v: [[0, 1.1], [1, -0.9], [-1, -0.9]], P: plus,
    X: plus.map(([x, y]) => [0.75 * (x - y), 0.75 * (x + y)]), "<": [[-1.1, 0], [0.9, 1], [0.9, -1]],
    ">": [[1.1, 0], [-0.9, 1], [-0.9, -1]], p: five, "*": star,
  };
  const mark = (ctx, shape, x, y, r, fill) => {
    ctx.beginPath();
    if (SHAPES[shape]) SHAPES[shape].forEach(([a, b]) => ctx.lineTo(x + r * a, y + r * b));
    else ctx.arc(x, y, r, 0, 7);
    ctx.closePath();
    ctx.fillStyle = fill;
    ctx.fill();
  };

  // A column at places of its own; straight between evaluations.
  const at = (xs, ys, x) => {
    if (!xs.length || x < xs[0] || x > xs[xs.length - 1]) return null;
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i++;
    if (xs.length === 1) return ys[0];
    const t = (x - xs[i - 1]) / (xs[i] - xs[i - 1] || 1);
    return ys[i - 1] + t * (ys[i] - ys[i - 1]);
  };
  // The mean over the same runs all along: those that are done, or else those that are at least half
  // as far as the furthest.
  const mean = (arm, columns) => {
    const begun = runs.filter((r) => r.arm === arm && !off.seeds.has(r.seed) && columns(r));
    const done = begun.filter((r) => r.done);
    const stands = (r) => columns(r).step.at(-1);
    const far = Math.max(...begun.map(stands));
    const of = (done.length ? done : begun.filter((r) => 2 * stands(r) >= far)).map(columns);
    if (!of.length) return null;
    const first = Math.max(...of.map((c) => c.step[0]));
    const last = Math.min(...of.map((c) => c.step[c.step.length - 1]));
    const steps = [...new Set(of.flatMap((c) => c.step))].filter((s) => s >= first && s <= last).sort((a, b) => a - b);
    const row = (pick, fold) => steps.map((s) => fold(of.map((c) => at(c.step, pick(c), s))));
    const average = (v) => v.reduce((a, b) => a + b, 0) / v.length;
    return {
      x: row((c) => c.x, average), y: row((c) => c.y, average),
      low: row((c) => c.y, (v) => Math.min(...v)), high: row((c) => c.y, (v) => Math.max(...v)),
      n: of.length, step: steps,
    };
  };
  const whole = (x, y) => x && y && y.length > 0 && x.length === y.length && !y.includes(null);

  // One chart. `read()` says what to draw: arms' means, single runs, marks and axes.
  const chart = (place, height, read, direct) => {
    let plot = null, now = null;
    const draw = () => {
      plot?.destroy();
      now = read();
      // As in the files' figures: where arms are many those that the answer is about stand in front.
      const front = (m) => now.arms.length <= 3 || data.arms[m.arm].front;
      const bands = now.arms.filter(front).length <= 3, width = place.clientWidth;
      now.arms.sort((a, b) => front(a) - front(b));
      const names = direct && width > 560 && now.arms.length > 1;
      const longest = Math.max(0, ...now.arms.map((m) => data.arms[m.arm].name.length));
      const tables = now.arms.map((m) => [m.x, m.y]).concat(now.single.map((s) => [s.x, s.y]));
      const tall = Math.min(height, Math.max(220, 0.8 * width));
      place.style.minHeight = `${tall}px`; // uPlot takes its room a moment later
      if (!tables.length) { plot = null; return; }
      const joined = uPlot.join(tables);
      const series = now.arms.map((m) => {
        const look = data.arms[m.arm];
        return { stroke: colour(look), width: front(m) ? 2 : 1, alpha: front(m) ? 1 : 0.75, dash: look.dash.map((d) => 2 * d), points: { show: false } };
      }).concat(now.single.map((s) => ({
        stroke: colour(data.arms[s.arm]), width: 1, alpha: 0.45, points: { show: s.x.length < 2 },
      })));
      const ends = (key, fold) => fold(...now.arms.flatMap((m) => m[key]), ...now.single.flatMap((s) => s.y));
      let low = ends("low", Math.min), high = ends("high", Math.max);
      if (now.marks?.target != null) { low = Math.min(low, now.marks.target); high = Math.max(high, now.marks.target); }
      const room = 0.05 * (high - low || 0.1);
      const range = now.zero ? [0, high + room] : [Math.max(low - room, now.share ? 0 : -Infinity), high + room];
      if (now.share) range[1] = Math.min(range[1], 1.02);
      const ink = css("--ink"), soft = css("--soft"), rule = css("--rule");
      const font = `12px ${getComputedStyle(document.body).fontFamily}`;
      const axis = { stroke: soft, font, ticks: { show: false }, grid: { stroke: rule, width: 1 } };
      const px = (v) => v * uPlot.pxRatio;
      const under = (u) => {
        const { ctx } = u, box = u.bbox;
        ctx.save();
        ctx.beginPath();
        ctx.rect(box.left, box.top, box.width, box.height);
        ctx.clip();
        const m = now.marks;
        if (m?.claim != null) {
          const left = u.valToPos(0, "x", true), right = u.valToPos(m.claim, "x", true);
          ctx.fillStyle = ink;
          ctx.globalAlpha = 0.09;
          ctx.fillRect(left, box.top, right - left, box.height);
        }
        if (bands) for (const a of now.arms.filter(front)) if (a.n > 1) {
          ctx.globalAlpha = 0.15;
          ctx.fillStyle = colour(data.arms[a.arm]);
          ctx.beginPath();
          a.x.forEach((x, i) => ctx.lineTo(u.valToPos(x, "x", true), u.valToPos(a.high[i], "y", true)));
          for (let i = a.x.length - 1; i >= 0; i--)
            ctx.lineTo(u.valToPos(a.x[i], "x", true), u.valToPos(a.low[i], "y", true));
          ctx.fill();
        }
        ctx.restore();
      };
      const over = (u) => {
        const { ctx } = u, box = u.bbox, m = now.marks;
        const X = (v) => u.valToPos(v, "x", true), Y = (v) => u.valToPos(v, "y", true);
        ctx.save();
        now.arms.forEach((a, k) => {
          const every = Math.max(1, Math.floor(a.x.length / 6)), look = data.arms[a.arm];
          a.x.forEach((x, i) => {
            const inside = X(x) >= box.left - 1 && X(x) <= box.left + box.width + 1;
            if (i % every === k % every && inside && Y(a.y[i]) >= box.top) mark(ctx, look.marker, X(x), Y(a.y[i]), px(front(a) ? 4 : 2.5), colour(look));
          });
        });
        ctx.font = `${px(12)}px ${getComputedStyle(document.body).fontFamily}`;
        const say = (text, x, y, align = "left", fill = ink) => {
          ctx.textAlign = align;
          ctx.lineWidth = px(3);
          ctx.strokeStyle = css("--paper");
          ctx.strokeText(text, x, y);
          ctx.fillStyle = fill;
          ctx.fillText(text, x, y);
        };
        if (m?.target != null) {
          const y = Y(m.target);
          ctx.strokeStyle = ink;
          ctx.lineWidth = px(1);
          ctx.setLineDash([px(4), px(3)]);
          ctx.beginPath();
          ctx.moveTo(box.left, y);
          ctx.lineTo(box.left + box.width, y);
          ctx.stroke();
          ctx.setLineDash([]);
          say(`target ${percent(m.target)}`, box.left + px(4), y - px(6), "left", soft);
          const to = m.arms.find((c) => c.arm === m.lead);
          if (m.claim != null && to && !off.arms.has(m.lead)) {
            const claimed = X(m.claim), side = claimed + px(190) < box.left + box.width; // at the foot: curves rise
            say(`claimed: ${data.arms[m.lead].name} here by ${brief(m.claim)}`, claimed + px(side ? 6 : -6), box.top + box.height - px(7), side ? "left" : "right");
          }
          for (const c of m.arms) {
            if (off.arms.has(c.arm) || c.arm !== (m.lead ?? m.arms[0].arm)) continue;
            const [a, b] = [X(m.baseline), X(c.at)], way = Math.sign(b - a) || -1;
            ctx.lineWidth = px(2);
            ctx.strokeStyle = ctx.fillStyle = colour(data.arms[c.arm]);
            ctx.beginPath();
            ctx.moveTo(a, y);
            ctx.lineTo(b, y);
            ctx.stroke();
            ctx.beginPath();
            ctx.moveTo(b, y);
            ctx.lineTo(b - way * px(9), y - px(5));
            ctx.lineTo(b - way * px(9), y + px(5));
            ctx.fill();
            const side = Math.max(a, b) + px(150) < box.left + box.width;
            say(`measured: ${c.told}`, side ? Math.max(a, b) + px(8) : box.left + box.width - px(4), y + px(18), side ? "left" : "right");
          }
        }
        if (names) {
          const tags = now.arms.map((a) => ({ name: data.arms[a.arm].name, look: data.arms[a.arm], y: Y(a.y[a.y.length - 1]), x: X(a.x[a.x.length - 1]) }));
          tags.sort((a, b) => a.y - b.y);
          const gap = px(14);
          for (let i = 1; i < tags.length; i++) tags[i].at = Math.max(tags[i].y, (tags[i - 1].at ?? tags[i - 1].y) + gap);
          tags[0].at = tags[0].y;
          const beyond = Math.max(0, tags[tags.length - 1].at - (box.top + box.height));
          for (const t of tags) {
            const y = t.at - beyond, x = box.left + box.width + px(14);
            ctx.strokeStyle = rule;
            ctx.lineWidth = px(1);
            ctx.beginPath();
            ctx.moveTo(Math.min(t.x, box.left + box.width) + px(4), t.y);
            ctx.lineTo(x - px(8), y);
            ctx.stroke();
            mark(ctx, t.look.marker, x - px(3), y, px(3.5), colour(t.look));
            say(t.name, x + px(6), y + px(4), "left", colour(t.look));
          }
        }
        ctx.restore();
      };
      plot = new uPlot({
        width, height: tall,
        padding: [10, names ? 30 + 7 * longest : 12, 0, 0],
        legend: { show: false },
        cursor: { points: { show: false }, drag: { x: true, y: false } },
        scales: { x: { time: false }, y: { range: () => range } },
        axes: [
          { ...axis, grid: { show: false }, values: (_, v) => v.map(brief), label: now.xlabel, labelFont: font, labelSize: 20, size: 26, gap: 3 },
          { ...axis, values: (_, v) => v.map((t) => (now.share ? `${+(100 * t).toPrecision(3)} %` : brief(t))), size: 52 },
        ],
        series: [{}, ...series],
        hooks: { drawAxes: [under], draw: [over], setCursor: [(u) => tell(u)] },
      }, joined, place);
    };
    const tell = (u) => {
      const x = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null;
      now.told?.(x, now);
    };
    place.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || !plot) return;
      event.preventDefault();
      const xs = now.arms[0]?.x ?? [], here = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null;
      const next = here == null ? xs[0] : by > 0 ? xs.find((x) => x > here * (1 + 1e-6) + 1e-9) : xs.findLast((x) => x < here * (1 - 1e-6) - 1e-9);
      if (next != null) plot.setCursor({ left: plot.valToPos(next, "x"), top: 10 });
    });
    let last = 0;
    new ResizeObserver(() => {
      if (place.clientWidth !== last && (last = place.clientWidth)) draw();
    }).observe(place);
    return { draw };
  };

  const task = $("chart-task"), axis = $("chart-axis"), each = $("chart-each");
  const readout = $("chart-told");
  const columns = (r) => {
    const y = task.value ? r.tasks[task.value] : r.accuracy, x = r.spent[axis.value];
    return whole(x, y) ? { step: r.spent.steps, x, y } : null;
  };
  const accuracy = () => ({
    arms: shown().map((arm) => ({ arm, ...mean(arm, columns) })).filter((m) => m.x?.length),
    single: each.checked || !runs.every((r) => r.done)
      ? runs.filter((r) => !off.arms.has(r.arm) && !off.seeds.has(r.seed) && (each.checked || (!r.done && data.arms[r.arm].front)))
        .map((r) => ({ arm: r.arm, ...columns(r) })).filter((s) => s.x) : [],
    marks: off.seeds.size ? null : !task.value ? data.marks[axis.value] : axis.value === "steps" ? data.task_marks[task.value] : null,
    xlabel: data.axes[axis.value], share: true,
    told: (x, now) => {
      for (const out of document.querySelectorAll("#chart-arms output")) out.textContent = "";
      readout.textContent = x == null ? "" : `at ${brief(x)} ${data.axes[axis.value]}`;
      for (const m of x == null ? [] : now.arms) {
        const [y, low, high] = [m.y, m.low, m.high].map((column) => at(m.x, column, x));
        const out = $(`chart-arm-${m.arm}`).parentElement.querySelector("output");
        out.textContent = y == null ? "–" : `${percent(y)}${m.n > 1 ? ` (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})` : ""}`;
      }
    },
  });
  const charts = [chart(hero, 380, accuracy, true)];
  for (const [name, told] of Object.entries(data.training)) {
    const place = $(`chart-${name}`);
    if (place) charts.push(chart(place, 210, () => ({
      arms: shown().map((arm) => ({ arm, ...mean(arm, (r) => whole(r.training.step, r.training[name]) ? { step: r.training.step, x: r.training.step, y: r.training[name] } : null) })).filter((m) => m.x?.length),
      single: [], marks: null, xlabel: data.axes.steps, share: told.share, zero: true,
    })));
  }
  const redraw = () => charts.forEach((c) => c.draw());

  const swatch = (look) => {
    const ns = "http://www.w3.org/2000/svg", s = document.createElementNS(ns, "svg");
    for (const [k, v] of Object.entries({ viewBox: "0 0 30 12", width: 30, height: 12, "aria-hidden": "true" })) s.setAttribute(k, v);
    const paint = `var(--arm-${look.colour})`;
    const line = document.createElementNS(ns, "line");
    for (const [k, v] of Object.entries({ x1: 0, x2: 30, y1: 6, y2: 6, stroke: paint, "stroke-width": 2, "stroke-dasharray": look.dash.map((d) => 2 * d).join(" ") || "none" })) line.setAttribute(k, v);
    const dot = document.createElementNS(ns, SHAPES[look.marker] ? "polygon" : "circle");
    const fields = SHAPES[look.marker] ? { points: SHAPES[look.marker].map(([x, y]) => `${15 + 4 * x},${6 + 4 * y}`).join(" ") } : { cx: 15, cy: 6, r: 4 };
    for (const [k, v] of Object.entries({ ...fields, fill: paint })) dot.setAttribute(k, v);
    s.append(line, dot);
    return s;
  };
  const box = (id, on, change, ...inside) => {
    const input = make("input", { type: "checkbox", id, checked: on });
    input.addEventListener("input", () => { change(input.checked); redraw(); });
    return make("label", {}, input, ...inside);
  };
  const toggle = (set, key) => (on) => void (on ? set.delete(key) : set.add(key));
  $("chart-arms").append(...data.arms.map((look, i) =>
    box(`chart-arm-${i}`, true, toggle(off.arms, i), swatch(look), make("span", { textContent: look.name }), make("output", {}))));
  $("chart-seeds").append(...seeds.map((seed) => box(`chart-seed-${seed}`, true, toggle(off.seeds, seed), String(seed))));
  for (const [value, label] of Object.entries(data.axes)) axis.append(make("option", { value, textContent: label }));
  for (const value of data.tasks.length > 1 ? data.tasks : []) task.append(make("option", { value, textContent: value }));
  for (const field of [task, axis, each]) field.addEventListener("input", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  $("chart-data").addEventListener("click", () => {
    const cell = (v) => { const t = String(v ?? ""); return /[",\n]/.test(t) ? `"${t.replaceAll('"', '""')}"` : t; };
    const lines = [["arm", "seed", "state", ...Object.keys(data.axes), "accuracy", ...data.tasks]];
    for (const r of runs) r.accuracy.forEach((y, i) => lines.push([
      data.arms[r.arm].name, r.seed, r.done ? "done" : "not done",
      ...Object.keys(data.axes).map((k) => r.spent[k]?.[i]), y, ...data.tasks.map((t) => r.tasks[t]?.[i])]));
    const blob = new Blob([lines.map((l) => l.map(cell).join(",")).join("\n") + "\n"], { type: "text/csv" });
    const link = make("a", { href: URL.createObjectURL(blob), download: "curves.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  $("curves").hidden = false;
  for (const panels of document.querySelectorAll(".panels")) panels.hidden = false;
  redraw();
})();
