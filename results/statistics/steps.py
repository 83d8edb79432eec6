"""Steps to target: the level, the confirmed crossing, and what a run had spent when it crossed.

A crossing is confirmed by two consecutive evaluations at or above the target. The crossing then
lies between the first of them and the evaluation before it (interval-censored by the cadence); a
run without one is right-censored at its last evaluation. Nothing is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from srpo_bench.results.runs import Array, Evals, Run
from srpo_bench.results.store import ResultsError

GRID = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Fractions of the baseline's gain that are looked at."""
FRACTION = 0.9
"""The fraction that defines the target, unless a level is named."""


@dataclass(frozen=True)
class Gain:
    """What the baseline gained: base is the mean at its first evaluation over seeds, final the mean
    of the last two. Both fractions; ``by_seed`` is final − base of each."""

    base: float
    final: float
    by_seed: Array
    start: float = 0.0
    """Step of the first evaluation, the latest of the runs'; beyond 0 the base is not known."""

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
    told = [r for r in runs if r.state == "done" and len(r.evals) > 1]
    told = told or [r for r in runs if len(r.evals) > 1]
    if not told:
        raise ResultsError("The baseline has no run with two evaluations yet; wait for them.")
    base = np.array([r.evals.accuracy[0] for r in told])
    final = np.array([r.evals.accuracy[max(1, len(r.evals) - 2) :].mean() for r in told])
    start = max(float(r.evals.step[0]) for r in told)
    return Gain(float(base.mean()), float(final.mean()), final - base, start)


@dataclass(frozen=True)
class Crossing:
    """When a run reached a target, in steps.

    ``first``: T, the first of the two confirming evaluations (inf: never). ``before``: the
    evaluation before it. ``at``: where a monotone cubic (PCHIP) through the nearest evaluations
    meets the target, the estimate of the moment inside the bracket; for a run that never crossed,
    its last evaluation. A straight line would come late by some percent on the concave curves that
    learning gives, more so for a fast arm; ``first`` itself comes late by half a cadence.
    """

    first: float
    before: float
    at: float

    @property
    def reached(self) -> bool:
        """False when the run is right-censored."""
        return bool(np.isfinite(self.first))


_known: WeakKeyDictionary[Evals, dict[float, Crossing]] = WeakKeyDictionary()


def crossing(evals: Evals, target: float) -> Crossing:
    """The first confirmed crossing of a run; found once, for many tables and figures ask."""
    known = _known.setdefault(evals, {})
    if target not in known:
        known[target] = _crossing(evals, target)
    return known[target]


def _crossing(evals: Evals, target: float) -> Crossing:
    step, above = evals.step, evals.accuracy >= target
    confirmed = np.flatnonzero(above[:-1] & above[1:])
    if not len(confirmed):
        last = float(step[-1]) if len(step) else 0.0
        return Crossing(np.inf, last, last)
    i = int(confirmed[0])
    if i == 0:
        return Crossing(float(step[0]), float(step[0]), float(step[0]))
    at = _meets(
        step[max(i - 2, 0) : i + 2], evals.accuracy[max(i - 2, 0) : i + 2], min(i, 2), target
    )
    return Crossing(float(step[i]), float(step[i - 1]), at)


def _meets(step: Array, accuracy: Array, i: int, target: float) -> float:
    """Where the curve meets the target between points i − 1 (below it) and i (not below)."""
    from scipy.interpolate import PchipInterpolator
    from scipy.optimize import brentq

    a, b, c, d = PchipInterpolator(step, accuracy).c[:, i - 1].tolist()  # the bracket's cubic
    width = float(step[i] - step[i - 1])
    beyond = brentq(lambda s: ((a * s + b) * s + c) * s + d - target, 0.0, width)
    return float(step[i - 1] + beyond)


def spent(run: Run, step: float, axis: str) -> float:
    """The running total on an axis at a step, linear between evaluations; NaN where unknown."""
    if axis not in run.evals.spent:
        return float("nan")
    return float(np.interp(step, run.evals.step, run.evals.spent[axis]))


@dataclass(frozen=True)
class Cost:
    """What a run spent until the target or the horizon, whichever came first.

    ``at`` is the estimate; ``low`` and ``high`` are the evaluations that the crossing lies between.
    An unfinished run that has not crossed has no estimate: it lies between what it had spent and
    what it would have spent by the horizon at its own rate.
    """

    seed: int
    low: float
    at: float
    high: float
    reached: bool

    @property
    def known(self) -> bool:
        """False when the run's cost is left open."""
        return not np.isnan(self.at)


def cost(run: Run, found: Crossing, axis: str, horizon: float) -> Cost:
    """The restricted cost of one run until its crossing."""
    if found.reached and found.at <= horizon:
        low, at = spent(run, found.before, axis), spent(run, found.at, axis)
        return Cost(run.seed, low, at, spent(run, min(found.first, horizon), axis), True)
    last = min(run.last_step, horizon)
    low = spent(run, last, axis)
    if last >= horizon:
        return Cost(run.seed, low, low, low, False)
    at_rate = low * horizon / last if last > 0 else float("nan")
    high = horizon if axis == "steps" else at_rate
    return Cost(run.seed, low, float("nan"), high, False)
