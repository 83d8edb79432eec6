"""Means and bands over seeds, ready to draw."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Run

WINDOWS = 40
"""Of a run's training steps: a step is a few groups, and a mean over some steps can be read."""

TRAINING = {
    "length": "response length (tokens)",
    "zero_variance": "groups without variance",
    "all_correct": "groups all correct",
    "pool_size": "prompts in the pool",
}
"""Columns of the training steps that are drawn, and what they are called."""
SHARES = ("zero_variance", "all_correct")
"""Those that are fractions."""


@dataclass(frozen=True)
class Band:
    """A mean over seeds with the least and the most of them."""

    x: Array
    mean: Array
    low: Array
    high: Array
    n: int
    of: int = 0
    """All runs of the arm; the mean is over n of them."""
    so_far: bool = False
    """None of them is done."""

    @property
    def count(self) -> str:
        """``n = 8``, ``3 of 8 runs``, ``8 runs so far``."""
        if self.so_far:
            return f"{self.n} run{'s' * (self.n != 1)} so far"
        return f"n = {self.n}" if self.n == self.of else f"{self.n} of {self.of} runs"


def accuracy(runs: Sequence[Run], axis: str = "steps", task: str | None = None) -> Band | None:
    """Accuracy against what was spent, both means over the same seeds all along.

    Those are the finished runs or, where there are none, those under way (``_together``), up to
    where the first of them stands. A point is an evaluation: what the runs had spent there, on
    average, and their mean accuracy, as the verdict reads them.
    """
    usable = [
        r
        for r in runs
        if len(r.evals) and axis in r.evals.spent and (task is None or task in r.evals.tasks)
    ]
    usable = _together(usable, [r.last_step for r in usable])
    if not usable:
        return None
    step = np.unique(np.concatenate([r.evals.step for r in usable]))
    first = max(r.evals.step[0] for r in usable)
    step = step[(step >= first) & (step <= min(r.last_step for r in usable))]
    rows, spent = [], []
    for r in usable:
        column = r.evals.accuracy if task is None else r.evals.tasks[task]
        rows.append(np.interp(step, r.evals.step, column))
        spent.append(np.interp(step, r.evals.step, r.evals.spent[axis]))
    drawn = _band(np.mean(spent, axis=0), rows, len(runs))
    return replace(drawn, so_far=usable[0].state != "done")


def training(runs: Sequence[Run], name: str) -> Band | None:
    """A column of the training steps against steps, averaged over at most 40 windows, over
    the finished runs or, where there are none, those under way (``_together``), up to where the
    first of them stands."""
    usable = [r for r in runs if len(r.steps) and name in r.curves]
    usable = _together(usable, [float(r.steps[-1]) for r in usable])
    series = [(r.steps, r.curves[name]) for r in usable]
    series = [(x, y) for x, y in series if not np.isnan(y).all()]
    if not series:
        return None
    last = min(x[-1] for x, _ in series)
    width = max(1, int(np.ceil(last / WINDOWS)))
    edges = np.arange(0.5, last + width, width)
    rows = []
    for x, y in series:
        count, _ = np.histogram(x, edges)
        total, _ = np.histogram(x, edges, weights=y)
        rows.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return _band((edges[:-1] + edges[1:]) / 2, rows)


def _together(runs: Sequence[Run], last: Sequence[float]) -> list[Run]:
    """Runs whose mean is drawn: those that are done; where none is, those that are at least half as
    far as the furthest, so that one that stopped at once does not hide the others.

    Args:
        last: the step at which each of them stands.
    """
    done = [run for run in runs if run.state == "done"]
    far = max(last, default=0.0)
    return done or [run for run, step in zip(runs, last, strict=True) if 2 * step >= far]


def _band(x: Array, rows: Sequence[Array], of: int = 0) -> Band:
    table = np.array(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # steps that no run has reached yet
        low, high = np.nanmin(table, axis=0), np.nanmax(table, axis=0)
        return Band(x, np.nanmean(table, axis=0), low, high, len(rows), of or len(rows))
