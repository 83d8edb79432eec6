"""Draws every figure once, as SVG for the page and as SVG and PNG files."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import matplotlib as mpl

from srpo_bench.results.report import words
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.figures.plots import FIGURES
from srpo_bench.results.report.style import RC, inline

TITLES = {
    "accuracy": "Accuracy against training steps",
    "ratios": "Cost to target by axis",
    "pairs": "Steps to target by seed",
    "costs": "Accuracy against cost",
    "survival": "Not yet at target",
    "grid": "Other targets",
    "ladder": "The ladder, rung by rung",
    "tasks": "Accuracy by task",
    "profiles": "Profiles over tasks",
    "training": "What training looked like",
    "mismatch": "Engine against learner",
}


def write(a: Analysis, folder: Path) -> dict[str, str]:
    """Write the files; returns name -> SVG to put into the page."""
    captions, made = words.captions(a), {}
    for name, draw in FIGURES.items():
        with mpl.rc_context({**RC, "svg.hashsalt": name}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # an SVG's names are the browser's to draw
            figure = draw(a)
            if figure is None:
                continue
            buffer = io.StringIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None})
            svg = buffer.getvalue()
            (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
            figure.savefig(folder / f"{name}.png", dpi=160)
            made[name] = inline(svg, TITLES[name], captions[name], f"fig-{name}")
    return made
