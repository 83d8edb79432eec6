"""Marks that several figures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from srpo_bench.results.array import Array
from srpo_bench.results.report.analysis import Analysis, TaskContrast, task_names
from srpo_bench.results.report.crossing import mean_crossing
from srpo_bench.results.report.figures import curves
from srpo_bench.results.report.look import banded, look
from srpo_bench.results.report.style import ARMS, FEW, INK, PAPER, SOFT
from srpo_bench.results.report.unit import bounded
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.steps import crossing
from srpo_bench.results.text import level, number


def colour(a: Analysis, arm: str) -> str:
    """The arm's colour."""
    return ARMS[look(a, arm).colour]


def dash(a: Analysis, arm: str) -> Any:
    """The arm's line pattern, as matplotlib wants it."""
    pattern = look(a, arm).dash
    return (0, pattern) if pattern else "-"


def per_cent(share: float, _: Any = None) -> str:
    """A tick: ``25 %``, ``22.5 %``, for there may be one every two and a half."""
    return f"{100 * share:.3g} %"


def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure and its axes; no pyplot, so that nothing stays in memory."""
    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns)


def accuracy(axes: Axes, a: Analysis, arm: str, axis: str) -> bool:
    """An arm's accuracy against an axis; False where it has none."""
    curve = curves.accuracy(a.comparison.of(arm), axis)
    if curve is None:
        return False
    band(axes, curve, a, arm, f"{arm} ({curve.count})")
    axes.yaxis.set_major_formatter(per_cent)
    axes.margins(x=0.01)
    return True


def band(axes: Axes, b: curves.Band, a: Analysis, arm: str, label: str) -> None:
    """A mean over seeds and, where they can be told apart, the range of them."""
    paint, place = colour(a, arm), a.comparison.arms.index(arm)
    every = max(1, len(b.x) // 6)
    full: dict[str, Any] = {"lw": 1.8, "ms": 4.5, "zorder": 2.1}
    behind: dict[str, Any] = {"lw": 0.9, "ms": 3, "alpha": 0.75}
    axes.plot(
        b.x,
        b.mean,
        color=paint,
        label=label,
        ls=dash(a, arm),
        marker=look(a, arm).marker,
        markevery=(place % every, every),
        **(full if look(a, arm).front else behind),
    )
    if arm in banded(a) and b.n > 1:
        axes.fill_between(b.x, b.low, b.high, color=paint, alpha=0.16, lw=0)


def claim(axes: Axes, a: Analysis, arm: str) -> None:
    """Where the claim would have an arm cross, as a band, and from the baseline's crossing an arrow
    to where it did."""
    cell = a.judges[arm].contrast.steps
    if cell is None or a.threshold is None or not cell.ratio.value >= 0:
        return
    claimed_step = a.threshold * cell.baseline
    axes.axvspan(0, claimed_step, color=INK, alpha=0.08, lw=0)
    halo = [patheffects.withStroke(linewidth=3, foreground=PAPER)]  # it may lie on a curve
    said: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "path_effects": halo}
    claimed = f"claimed: {arm} here by step {number(claimed_step)}"
    first, last = axes.get_xlim()
    late = claimed_step > (first + last) / 2
    place: dict[str, Any] = {"xytext": (-4, 4), "ha": "right"} if late else {"xytext": (4, 4)}
    place["xycoords"] = axes.get_xaxis_transform()
    axes.annotate(claimed, (claimed_step, 0), va="bottom", **place, **said)  # curves rise
    here, start = (cell.challenger, a.target), (cell.baseline, a.target)
    arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", here, start, arrowprops=arrow)
    text = f"measured: {bounded(cell.ratio.value, cell.bound)} steps"
    end = max(cell.challenger, cell.baseline)
    place = {"xy": (end, a.target), "xytext": (6, -8)}
    if end > first + 0.65 * (last - first):  # no room for the words on its right
        edge = axes.get_yaxis_transform()
        place = {"xy": (1, a.target), "xytext": (-4, -8), "ha": "right", "xycoords": edge}
    axes.annotate(text, va="top", **place, **said)


def crossings(axes: Axes, a: Analysis, arms: Sequence[str]) -> None:
    """The target line, and on it where each run crossed, open triangles where one did not; where
    arms are many, where each one's mean curve did."""
    axes.axhline(a.target, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.annotate(
        f"target {level(a.target)}",
        (0.005, a.target),  # at the left, where no curve has come yet
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="left",
        color=SOFT,
        fontsize=9,
    )
    if len(a.arms) > FEW:
        for arm in arms:
            _mean_crossing(axes, a, arm)
        return
    for arm in arms:
        crossed = [crossing(r.evals, a.target) for r in a.comparison.of(arm) if len(r.evals)]
        paint, reached = colour(a, arm), [c.at for c in crossed if c.reached]
        axes.plot(reached, [a.target] * len(reached), "|", color=paint, ms=11, mew=1.6)
        never = [c.at for c in crossed if not c.reached]
        axes.plot(never, [a.target] * len(never), ">", mfc=PAPER, mec=paint, ms=6)


def _mean_crossing(axes: Axes, a: Analysis, arm: str) -> None:
    """A dot, open where the mean curve of an arm's complete pairs does not cross."""
    found = mean_crossing(a, arm)
    if found is not None:
        (at, arrived), paint = found, colour(a, arm)
        size = 6 if look(a, arm).front else 3.5
        axes.plot([at], [a.target], "o", mec=paint, mfc=paint if arrived else PAPER, ms=size)


def whisker(axes: Axes, y: float, e: Estimate, a: Analysis, arm: str) -> None:
    """An arm's ratio with its interval."""
    paint = colour(a, arm)
    if e.has_interval:
        low, high = max(e.low, 1e-3), min(e.high, 1e3)  # an open end runs out of the picture
        axes.plot([low, high], [y, y], color=paint, lw=2, solid_capstyle="butt")
    axes.plot(e.value, y, look(a, arm).marker, color=paint, ms=5.5, label=arm)


def ratio_axis(axes: Axes, ratios: Sequence[Estimate], claimed: float | None) -> None:
    """A logarithmic axis of ratios with the lines that matter: equal cost, and a claim's."""
    values = [v for e in ratios for v in (e.value, e.low, e.high) if np.isfinite(v) and v > 1e-3]
    axes.set_xscale("log")
    axes.set_xlim(min(0.08, 0.8 * min(values, default=1)), max(1.3, 1.25 * max(values, default=1)))
    ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if axes.get_xlim()[0] <= t]
    axes.set_xticks([t for t in ticks if t <= axes.get_xlim()[1]])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvline(1, color=SOFT, lw=0.8)
    if claimed is not None:
        axes.axvline(claimed, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.grid(False)


def legend(axes: Axes) -> None:
    """The arms, below the whole figure, where they hide no curve: it grows by as much."""
    handles, labels = axes.get_legend_handles_labels()
    whole = axes.figure
    if isinstance(whole, Figure):
        whole.legend(handles, labels, loc="outside lower center", ncols=3)
        whole.set_figheight(whole.get_figheight() + 0.2 * -(-len(labels) // 3))


def legend_once(axes: Axes) -> None:
    """One entry an arm, beside the rows; none where there is only one."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if len(once) > 1:
        axes.legend(once.values(), once, loc="upper left", bbox_to_anchor=(1, 1))


def rows(axes: Axes, named: Mapping[float, str], last: float) -> None:
    """Names of rows by their places, the first one on top, with room above it and below the last.

    Args:
        last: the place of the lowest mark; the highest is at 0.
    """
    axes.set_yticks(list(named), list(named.values()))
    axes.set_ylim(last + 0.6, -0.6)


def is_recorded(a: Analysis, axis: str) -> bool:
    """Does every finished run record this axis, or every one that has begun where none is?"""
    begun = [r for r in a.comparison.runs if len(r.evals)]
    looked_at = [r for r in begun if r.state == "done"] or begun
    return bool(begun) and all(axis in r.evals.spent for r in looked_at)


def task_times(a: Analysis) -> dict[str, Array]:
    """arm -> (tasks,) steps to each task's target; inf where the mean curve does not reach it.
    Arms without a complete pair are left out, and tasks on which another one has none."""
    times: dict[str, Array] = {}
    names = task_names(a.comparison)
    paired = {arm: t for arm, t in a.tasks.items() if any(_paired(t, name) for name in names)}
    shared = [t for t in names if all(_paired(c, t) for c in paired.values())]
    for arm, on_tasks in paired.items():
        cells = [on_tasks.contrasts[task] for task in shared]
        steps = [c.axes["steps"] for c in cells]
        reached = np.array([s.race.speed.arrived for s in steps]).reshape(-1, 2).T
        times[arm] = np.where(reached[0], [s.challenger for s in steps], np.inf)
        times[a.baseline] = np.where(reached[1], [s.baseline for s in steps], np.inf)
    return times if shared else {}


def _paired(on_tasks: TaskContrast, task: str) -> bool:
    return task in on_tasks.contrasts and on_tasks.contrasts[task].n > 0
