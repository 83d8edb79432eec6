"""Means and bands over seeds, ready to draw."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.runs import Array, Run

POINTS = 300


@dataclass(frozen=True)
class Band:
    """A mean over seeds with the middle 90 % of them."""

    x: Array
    mean: Array
    low: Array
    high: Array
    n: int


def accuracy(runs: Sequence[Run], axis: str = "steps", task: str | None = None) -> Band | None:
    """Accuracy against what was spent. It ends where the first finished run's budget ends, so that
    the mean is over the same seeds all along."""
    series = [
        (r.evals.spent[axis], r.evals.accuracy if task is None else r.evals.tasks[task], r.state)
        for r in runs
        if len(r.evals) and axis in r.evals.spent and (task is None or task in r.evals.tasks)
    ]
    ends = [x[-1] for x, _, state in series if state == "done"] or [x[-1] for x, _, _ in series]
    if not ends:
        return None
    grid = _grid([x for x, _, _ in series], min(ends), exact=axis == "steps")
    return _band(grid, [np.interp(grid, x, y, right=np.nan) for x, y, _ in series])


def training(runs: Sequence[Run], name: str) -> Band | None:
    """A column of the training steps against steps, averaged over windows to ≤ 300 points."""
    series = [(r.steps, r.curves[name]) for r in runs if len(r.steps) and name in r.curves]
    series = [(x, y) for x, y in series if not np.isnan(y).all()]
    if not series:
        return None
    last = max(x[-1] for x, _ in series)
    width = max(1, int(np.ceil(last / POINTS)))
    edges = np.arange(0.5, last + width, width)
    rows = []
    for x, y in series:
        count, _ = np.histogram(x, edges)
        total, _ = np.histogram(x, edges, weights=y)
        rows.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return _band((edges[:-1] + edges[1:]) / 2, rows)


def _grid(xs: Sequence[Array], end: float, exact: bool) -> Array:
    if exact and len(xs[0]) <= POINTS and all(np.array_equal(x, xs[0]) for x in xs):
        return xs[0]
    return np.linspace(min(float(x[0]) for x in xs), end, POINTS)


def _band(x: Array, rows: Sequence[Array]) -> Band:
    table = np.array(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # steps that no run has reached yet
        low, high = np.nanquantile(table, [0.05, 0.95], axis=0)
        return Band(x, np.nanmean(table, axis=0), low, high, len(rows))
