"""What the page's own charts draw: every run's record, thinned, and what is marked in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import Analysis, task_names
from srpo_bench.results.report.figures.curves import SHARES, TRAINING, WINDOWS
from srpo_bench.results.report.figures.marks import is_recorded
from srpo_bench.results.report.look import look
from srpo_bench.results.report.unit import bounded
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.contrast import AxisContrast
from srpo_bench.results.text import NAMES, finite

POINTS = 150
"""Evaluations of a run that are drawn, at most."""


def data(a: Analysis) -> dict[str, Any]:
    """Arms with their looks, axes, tasks, runs, and the marks of target, claim and crossings."""
    arms, tasks = a.comparison.arms, task_names(a.comparison)
    axes = [axis for axis in NAMES if is_recorded(a, axis)]
    return {
        "arms": [{"name": arm, **asdict(look(a, arm))} for arm in arms],
        "axes": {axis: NAMES[axis] for axis in axes},
        "tasks": tasks,
        "end": a.comparison.horizon,
        "target": finite(a.target),
        "marks": {axis: _marks(a, axis) for axis in axes if a.gain},
        "task_marks": {task: _task_marks(a, task) for task in tasks if a.gain},
        "training": {
            name: {"label": label, "share": name in SHARES}
            for name, label in TRAINING.items()
            if any(_has_column(run, name) for run in a.comparison.runs)
        },
        "runs": {run.name: _run(run, arms.index(run.arm), axes) for run in a.comparison.runs},
    }


def _marks(a: Analysis, axis: str) -> dict[str, Any]:
    """Crossings on an axis over all tasks, and where the claim has the first challenger cross."""
    cells = {arm: judge.contrast.axes.get(axis) for arm, judge in a.judges.items()}
    return _crossings(a, a.target, cells, a.threshold if axis == a.axis else None)


def _task_marks(a: Analysis, task: str) -> dict[str, Any]:
    """The same on one task, in steps; no claim is made there."""
    contrasts = {arm: t.contrasts[task] for arm, t in a.tasks.items() if task in t.contrasts}
    target = next((c.target for c in contrasts.values()), float("nan"))
    return _crossings(a, target, {arm: c.steps for arm, c in contrasts.items()}, None)


def _crossings(
    a: Analysis, target: float, cells: Mapping[str, AxisContrast | None], claimed: float | None
) -> dict[str, Any]:
    measured = {arm: cell for arm, cell in cells.items() if cell and cell.ratio.value >= 0}
    lead = next((arm for arm in answer.leading(a) if arm in measured), None)
    first = measured[lead] if lead else next(iter(measured.values()), None)
    owned = first if lead in answer.own(a) else None
    return {
        "target": finite(target),
        "baseline": first.baseline if first else None,
        "claim": claimed * owned.baseline if claimed and owned else None,
        "lead": a.comparison.arms.index(lead) if lead else None,
        "arms": [_crossing(a, arm, cell) for arm, cell in measured.items()],
    }


def _crossing(a: Analysis, arm: str, cell: AxisContrast) -> dict[str, Any]:
    place = a.comparison.arms.index(arm)
    return {"arm": place, "at": cell.challenger, "told": bounded(cell.ratio.value, cell.bound)}


def thinned(n: int, most: int) -> NDArray[np.intp]:
    """Which of n points are drawn, first and last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.intp))


def _run(run: Run, arm: int, axes: Sequence[str]) -> dict[str, Any]:
    kept = thinned(len(run.evals), POINTS)
    return {
        "arm": arm,
        "seed": run.seed,
        "done": run.state == "done",
        "path": f"{run.arm}/seed-{run.seed}",
        "accuracy": _short(run.evals.accuracy[kept]),
        "tasks": {task: _short(column[kept]) for task, column in run.evals.tasks.items()},
        "spent": {x: _short(run.evals.spent[x][kept]) for x in axes if x in run.evals.spent},
        "training": _training(run),
    }


def _training(run: Run) -> dict[str, list[float | None]]:
    """Means over windows of steps, each at its middle."""
    names = [name for name in TRAINING if _has_column(run, name)]
    if not names:
        return {}
    width = int(np.ceil(len(run.steps) / WINDOWS))
    windows = [slice(i, i + width) for i in range(0, len(run.steps), width)]
    columns = {"step": np.array([run.steps[w].mean() for w in windows])}
    columns |= {name: np.array([run.curves[name][w].mean() for w in windows]) for name in names}
    return {name: _short(column) for name, column in columns.items()}


def _has_column(run: Run, name: str) -> bool:
    return name in run.curves and len(run.steps) > 0 and not np.isnan(run.curves[name]).all()


def _short(values: Array) -> list[float | None]:
    """Five digits, which no screen exceeds; NaN becomes null."""
    return [None if v != v else float(f"{v:.5g}") for v in values.tolist()]
