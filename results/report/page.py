"""The page and the Markdown, rendered from one context."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from srpo_bench.results import text
from srpo_bench.results.progress import progress
from srpo_bench.results.report import samples, words
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables import ladder
from srpo_bench.results.report.tables.make import LATEX
from srpo_bench.results.report.tables.table import Table

TEMPLATES = Path(__file__).parent / "templates"
RUN_POINTS = 60


def render(
    a: Analysis, tables: list[Table], figures: dict[str, str], reload: float | None = None
) -> tuple[str, str]:
    """(index.html, report.md).

    Args:
        a: the analysis.
        tables: all of them.
        figures: name -> inline SVG.
        reload: seconds after which an unfinished comparison's page loads itself anew.
    """
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    live = None if progress(a.comparison.runs).over else reload
    context = _context(a, tables) | {
        "reload": live,
        "written": datetime.now().astimezone() if live else None,
        "figures": {name: Markup(svg) for name, svg in figures.items()},  # made by us, not by runs
        "css": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "js": Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        "reload_js": Markup((TEMPLATES / "reload.js").read_text(encoding="utf-8")),
        "data": Markup(_script({"samples": samples.chosen(a), "runs": _runs(a)})),
    }
    html = env.get_template("page.html.j2").render(context)
    return html, env.get_template("report.md.j2").render(context)


def _context(a: Analysis, tables: list[Table]) -> dict[str, Any]:
    plan, c = a.comparison.plan, a.comparison
    first = c.runs[0].manifest
    verdicts = [v for found in a.claims.values() for v in found]
    return {
        "a": a,
        "name": plan.get("name") or c.folder.name,
        "plan": plan,
        "arms": " and ".join(c.arms) if len(c.arms) < 3 else f"{len(c.arms)} arms",
        "base": Path(str((first.get("base") or {}).get("path") or "unknown")).name,
        "tasks": plan.get("eval_tasks") or plan.get("tasks") or [],
        "headlines": words.headlines(a),
        "leading": words.leading(a),
        "captions": words.captions(a),
        "open_runs": words.open_runs(a),
        "ladder": ladder.sentences(a),
        "mismatch": words.mismatch(a),
        "health": words.health(a),
        "imported": words.imported(a),
        "progress": progress(c.runs),
        "tables": {t.name: t for t in tables},
        "latex": LATEX,
        "sanity": {v.id: v.sanity for v in verdicts if v.sanity},
        "scale": {v.id: v.scale for v in verdicts if v.scale},
        "settings": [
            {"arm": run.arm, "settings": run.settings}
            for run in (c.of(arm)[0] for arm in c.arms if c.of(arm))
        ],
        "versions": first.get("versions") or {},
        "host": first.get("host") or {},
        "rooms": {arm: judge.headroom for arm, judge in a.judges.items()},
        "percent": text.percent,
    }


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
    picks = np.unique(np.linspace(0, len(x) - 1, min(len(x), RUN_POINTS)).astype(int))
    return [[float(x[i]), round(float(y[i]), 4)] for i in picks] if len(x) else []


def _script(value: Any) -> str:
    """JSON that cannot end its script element, whatever a model wrote."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
