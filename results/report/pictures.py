"""Marks beside a table's numbers: where an estimate and its interval lie, in per cent of the cell.

Drawn by the page itself, so that they are as wide as the reader's screen allows and the words
beside them keep their size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.look import look
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.text import SHORT

FIGURES = {"costs": "ratios", "grid": "grid", "ladder": "ladder", "tasks": "tasks"}
"""table -> the figure of the same, as a file."""
LEAST, MOST = 0.01, 20.0
"""Ratios beyond are drawn at the edge."""
LETTER = 4.4
"""Per cent of the cell's width that a letter of a name takes, where the cell is narrowest."""


@dataclass(frozen=True)
class Mark:
    """An estimate and its interval, in per cent of the cell's width."""

    colour: int
    at: float
    low: float
    width: float
    top: float
    """Of the cell's height, since several arms may share a row."""


@dataclass(frozen=True)
class Picture:
    """A column of marks."""

    ticks: list[tuple[float, str]]
    lines: list[tuple[float, str]]
    """Where, and how: ``rule``, ``claim``."""
    rows: list[list[Mark]]
    after: int
    """The shown column that they stand beside."""
    figure: str | None


def pictures(a: Analysis, tables: list[Table]) -> dict[str, Picture]:
    """table -> its picture, where it has one."""
    return {t.name: _picture(a, t) for t in tables if any(t.marks)}


def _picture(a: Analysis, t: Table) -> Picture:
    every = [e for row in t.marks for _, e in row]
    ends = [v for e in every for v in (e.value, e.low, e.high) if isfinite(v) and v > 0]
    claimed = a.threshold
    if t.ratios:
        inside = [min(max(v, LEAST), MOST) for v in ends]
        low = min(0.8 * (claimed or 0.5), 0.8 * min(inside, default=1))
        high = max(1.4, 1.25 * max(inside, default=1))
        names = {claimed: _claim(a)} if claimed and claimed < 1 else {}
        names |= {v: n for v, n in ((1.0, "equal"), (2.0, "twice"), (5.0, "5 ×")) if v < high}
    else:
        low, high = (max(0.0, min(ends, default=0) - 0.05)), 1.0
        names = {v / 10: f"{10 * v} %" for v in range(11) if low <= v / 10}
        names = dict([*names.items()][:: max(1, (len(names) + 1) // 3)]) | {1.0: "100 %"}

    def place(value: float) -> float:
        v = min(max(value, low), high)
        share = log(v / low) / log(high / low) if t.ratios else (v - low) / (high - low or 1)
        return round(100 * share, 2)

    ticks = [(place(v), name) for v, name in names.items()]
    return Picture(
        ticks=_legible(ticks if t.ratios else ticks[::-1]),  # the claim, or all, before others
        lines=[(place(v), "claim" if v == claimed and t.ratios else "rule") for v in names],
        rows=[
            [_mark(a, arm, e, i, len(row), place) for i, (arm, e) in enumerate(row) if e.value >= 0]
            for row in t.marks
        ],
        after=[t.columns[i] for i in t.shown].index(t.beside or t.columns[t.shown[-1]]),
        figure=FIGURES.get(t.name),
    )


def _legible(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Those that do not run into one that stands before them."""
    kept: list[tuple[float, str]] = []
    for at, name in ticks:
        if all(abs(at - x) >= LETTER * (len(name) + len(other) + 1) / 2 for x, other in kept):
            kept.append((at, name))
    return kept


def _claim(a: Analysis) -> str:
    assert a.headline is not None
    return a.headline.needs.removesuffix(f" {SHORT.get(a.axis, a.axis)}")


def _mark(
    a: Analysis, arm: str, e: Estimate, i: int, of: int, place: Callable[[float], float]
) -> Mark:
    low, high = (e.low, e.high) if e.has_interval else (e.value, e.value)
    left = place(low)
    top = 50.0 if of == 1 else round(15 + 70 * i / (of - 1), 1)
    return Mark(look(a, arm).colour, place(e.value), left, round(place(high) - left, 2), top)
