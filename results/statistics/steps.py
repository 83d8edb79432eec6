"""The baseline's gain, and where each run crosses a target: what is described, run by run.

A run has crossed when its own isotonic curve has: it reached the target and kept it. Verdicts are
not made of these, for they lean on each run's noise (see ``speed``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.records import Evals
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics import curves, sampling
from srpo_bench.results.statistics.speed import FRACTION, end
from srpo_bench.results.store import ResultsError

GRID = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Fractions of the baseline's gain that are looked at."""


@dataclass(frozen=True)
class Gain:
    """What the baseline gained: base is the mean at its first evaluation over seeds, final the mean
    of the last two. Both fractions; ``by_seed`` is final − base of each."""

    base: float
    final: float
    by_seed: Array
    start: float = 0.0
    """Step of the first evaluation, the latest of the runs'; beyond 0 the base is not known."""
    error: float = 0.0
    """Variance of the mean gain by sampling alone."""

    @property
    def size(self) -> float:
        """final − base."""
        return self.final - self.base

    def level(self, fraction: float = FRACTION) -> float:
        """The accuracy at a fraction of the gain."""
        return self.base + fraction * self.size


def gain(runs: Sequence[Run]) -> Gain:
    """The baseline's gain, from its finished runs; where none has finished, from those there are.

    Raises:
        ResultsError: no run has two evaluations yet.
    """
    scored = [r for r in runs if r.state == "done" and len(r.evals) > 1]
    scored = scored or [r for r in runs if len(r.evals) > 1]
    if not scored:
        raise ResultsError("The baseline has no run with two evaluations yet; wait for them.")
    base = np.array([r.evals.accuracy[0] for r in scored])
    final = np.array([end(r.evals.accuracy) for r in scored])
    start = max(float(r.evals.step[0]) for r in scored)
    error = 1.5 * sampling.variance(scored) / len(scored)  # one evaluation less the mean of two
    return Gain(float(base.mean()), float(final.mean()), final - base, start, error)


@dataclass(frozen=True)
class Crossing:
    """Where a run's isotonic curve crosses a target, in steps.

    ``at``: the crossing; for a run that did not, its last evaluation. ``low``, ``high``: the
    centres of the blocks of evaluations around it.
    """

    at: float
    low: float
    high: float
    reached: bool
    """False when the run is right-censored."""


def crossing(evals: Evals, target: float) -> Crossing:
    """Where a run reaches a target and keeps it."""
    if len(evals) and np.isfinite(target):  # there is none before there is a gain
        at, low, high = (float(x) for x in curves.crossing(evals.step, evals.accuracy, target))
        if np.isfinite(at):
            return Crossing(at, low, high, True)
    last = float(evals.step[-1]) if len(evals) else 0.0
    return Crossing(last, last, last, False)
