"""The page and the Markdown, rendered from one context."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from srpo_bench.results.progress import progress
from srpo_bench.results.report import answer, charts, pictures, samples, why, words
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables import ladder
from srpo_bench.results.report.tables.make import LATEX
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.report.unit import bounded, changes

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("charts.js", "page.js", "samples.js", "reload.js")
"""Ours, in the order in which they run."""
RUN_POINTS = 60
SECTIONS = (
    "why",
    "cost",
    "targets",
    "ladder",
    "tasks",
    "training",
    "claims",
    "matched",
    "runs",
    "samples",
    "method",
)
"""In the page's order; a section's title is its name."""


def render(
    a: Analysis,
    tables: list[Table],
    figures: dict[str, str],
    reload: float | None = None,
) -> tuple[str, str]:
    """(index.html, report.md).

    Args:
        a: the analysis.
        tables: all of them.
        figures: name -> inline SVG.
        reload: seconds after which an unfinished comparison's page loads itself anew.
    """
    env = _environment()
    drawn = charts.data(a)
    recorded = samples.chosen(a)
    live = None if progress(a.comparison.runs).over else reload
    scripts = [_library(), *(_read(name) for name in SCRIPTS)]
    context = _context(a, tables) | {
        "panels": [(k, v["label"]) for k, v in drawn["training"].items()],
        "samples": bool(recorded),
        "reload": live,
        "written": datetime.now().astimezone() if live else None,
        "figures": {name: Markup(svg) for name, svg in figures.items()},  # made by us, not by runs
        "css": Markup(_read("uplot.css") + _read("page.css")),
        "scripts": [Markup(script) for script in scripts],
        "hashes": Markup(" ".join(map(_hash, scripts))),
        "data": Markup(_script({"samples": recorded, "runs": _runs(a), "charts": drawn})),
    }
    html = env.get_template("page.html.j2").render(context)
    return html, env.get_template("report.md.j2").render(context)


@cache
def _environment() -> Environment:
    """Its templates are compiled once; a watched report is written many times."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"code": code, "plain": plain}
    return env


def code(text: str) -> Markup:
    """A sentence for the page, with what stands between backticks set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def plain(value: Any) -> str:
    """A setting's value as it is typed, and a fraction at a length that can be read."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _context(a: Analysis, tables: list[Table]) -> dict[str, Any]:
    plan, c = a.comparison.plan, a.comparison
    first = c.runs[0].manifest
    headlines = answer.headlines(a)
    lead = headlines[0].challenger if headlines else None
    known_ladder = ladder.sentences(a)
    reasons = why.checks(a, lead) if lead else []
    every = {t.name: t for t in tables}
    sections = {
        "why": bool(reasons),
        "targets": "grid" in every and bool(every["grid"].rows),
        "ladder": bool(known_ladder),
        "claims": bool(headlines),
    }
    return {
        "a": a,
        "name": plan.get("name") or c.folder.name,
        "plan": plan,
        "arms": " and ".join(c.arms) if len(c.arms) < 3 else f"{len(c.arms)} arms",
        "headlines": headlines,
        "leading": answer.leading(a),
        "judged": answer.judged(a),
        "way": answer.way(a, lead) if lead else "",
        "price": _price(a, lead) if lead else None,
        "prices": answer.cost(a, lead, ("tokens", "seconds")) if lead else "",
        "mail": answer.mail(a, headlines[0]) if headlines else "",
        "runs_told": answer.runs(a),
        "commands": answer.commands(a) or ["unknown"],
        "notes": c.notes,
        "checks": reasons,
        "remedies": why.remedies(reasons) if headlines and headlines[0].is_open else "",
        "deciding": why.deciding(a, lead) if lead else "",
        "sections": {n: n.capitalize() for n in SECTIONS if sections.get(n, True)},
        "claimants": {k.id: f"{k.made_by}. In: {k.where}." for k in a.wanted},
        "units": {(v.challenger, v.label): answer.of_claim(a, v) for v in a.verdicts},
        "captions": words.captions(a),
        "open_runs": words.open_runs(a),
        "warnings": [w for w in (words.mismatch(a),) if w],
        "health": words.health(a),
        "ladder": known_ladder,
        "added": words.added(a),
        "imported": words.imported(a),
        "progress": progress(c.runs),
        "so_far": "" if lead is None or answer.is_over(a, lead) else " so far",
        "tables": every,
        "pictures": pictures.pictures(a, tables),
        "finals": any(run.final for run in c.runs),
        "problems": samples.before_and_after(a),
        "latex": LATEX,
        "settings": [
            {"arm": run.arm, "settings": run.settings}
            for run in (c.of(arm)[0] for arm in c.arms if c.of(arm))
        ],
        "versions": first.get("versions") or {},
        "host": first.get("host") or {},
    }


def _price(a: Analysis, arm: str) -> tuple[str, str] | None:
    """What the same accuracy cost in FLOPs: ``60 % more FLOPs``, and the interval."""
    cell = a.judges[arm].contrast.axes.get("flops")
    if cell is None or not cell.ratio.value >= 0:
        return None
    span = changes(cell.ratio)
    beside = f"95 % interval {span}" if cell.ratio.has_interval else span
    return f"{bounded(cell.ratio.value, cell.bound)} FLOPs", beside


def _runs(a: Analysis) -> dict[str, Any]:
    """Each run's accuracy, thinned, for the drill-down."""
    return {
        run.name: {
            "points": _thin(run.evals.step, run.evals.accuracy),
            "spent": {k: float(v[-1]) for k, v in run.evals.spent.items() if len(v)},
            "path": f"{run.arm}/seed-{run.seed}",
        }
        for run in a.comparison.runs
    } | {"_": {"target": None if np.isnan(a.target) else a.target, "end": a.comparison.horizon}}


def _thin(x: np.ndarray, y: np.ndarray) -> list[list[float]]:
    return [[float(x[i]), round(float(y[i]), 4)] for i in charts.thinned(len(x), RUN_POINTS)]


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _library() -> str:
    """uPlot as it is published (its first line says which version), under its licence."""
    return f"/*\n{_read('uplot.LICENSE')}*/\n{_read('uplot.js')}"


def _hash(script: str) -> str:
    """What lets this script run, and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _script(value: Any) -> str:
    """JSON that cannot end its script element, whatever a model wrote."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
