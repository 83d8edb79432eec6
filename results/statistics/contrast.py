"""One challenger against the baseline at one target: ratios of cost on every axis, paired by seed.

A contrast is of its own two arms. Its horizon is the last evaluation that both have; a finished run
is known up to there and never missing. Open are runs that are absent, failed or under way: they are
left out, and put in again at either extreme of what they could have become.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.records import AXES
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics import sampling
from srpo_bench.results.statistics.curves import reaches, value_at
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.race import Race, race
from srpo_bench.results.statistics.sequential import first_look, quantile
from srpo_bench.results.statistics.speed import Curves, Goal, Speed, end

Bound = Literal["", "lower", "upper", "neither"]
"""Which way the budget bounds a ratio; neither: no mean curve reaches the target."""
NOTHING = Estimate(np.nan, np.nan, np.nan, 0, "none")
"""The ratio where there is none."""


@dataclass(frozen=True)
class AxisContrast:
    """Costs on one axis and what they say."""

    axis: str
    ratio: Estimate
    """Of cost to target: by the mean curves' crossing, with the interval of both estimators. NaN
    where the baseline's own starts at the target: there is no way to count."""
    challenger: float
    baseline: float
    """What the arm's runs had spent, on average, at its mean curve's crossing, or at its end."""
    race: Race
    extremes: tuple[Race, Race] | None
    """With the open runs at their worst and their best for the challenger; None: none open."""

    @property
    def bound(self) -> Bound:
        """Which way the budget bounds the ratio; empty where both mean curves arrive, or where
        there is none."""
        ours, theirs = (bool(x) for x in self.race.speed.arrived)
        if not self.ratio.n or (ours and theirs):
            return ""
        return "lower" if theirs else "upper" if ours else "neither"

    @property
    def p(self) -> float:
        """Two-sided p of equal cost, the larger of the estimators'."""
        return self.p_against(1.0)

    def p_against(self, threshold: float) -> float:
        """The same of a ratio of ``threshold``."""
        return float(self.race.p(threshold)) if self.ratio.n else float("nan")


@dataclass(frozen=True)
class Contrast:
    """A challenger and a baseline at a target."""

    challenger: str
    baseline: str
    target: float
    axes: dict[str, AxisContrast]
    """Empty where no pair is complete."""
    seeds: tuple[int, ...]
    """Of complete pairs."""
    open_pairs: tuple[str, ...]
    """Runs that are absent, failed or under way."""
    baseline_share: float
    """Share of all the baseline's seeds whose runs are known to arrive."""
    first_look: int | None = None
    """Pairs that had been looked at before seeds were added; None: none were."""

    @property
    def quantile(self) -> float:
        """The quantile of Student's t at either end of the ratios' intervals."""
        return quantile(self.n, self.first_look)

    @property
    def alpha(self) -> float:
        """The two-sided nominal p that the intervals stand for."""
        return 2 * (1 - self.quantile)

    @property
    def n(self) -> int:
        """Complete pairs."""
        return len(self.seeds)

    @property
    def steps(self) -> AxisContrast | None:
        """The axis that every comparison has; None where no pair is complete."""
        return self.axes.get("steps")

    @property
    def ratio(self) -> Estimate:
        """The ratio of steps."""
        return self.axes["steps"].ratio if self.axes else NOTHING

    @property
    def baseline_steps(self) -> float:
        """The baseline's steps to target; NaN where there are none to count."""
        return self.steps.baseline if self.steps and self.ratio.n else float("nan")

    @property
    def reached(self) -> tuple[int, int]:
        """Runs of complete pairs, challenger's and baseline's, that arrive."""
        if not self.axes:
            return 0, 0
        ours, theirs = self.axes["steps"].race.arrived
        return int(ours.sum()), int(theirs.sum())

    @property
    def bound(self) -> str:
        """Which way the budget bounds the ratio, in words; empty if it does not."""
        return {
            "": "",
            "lower": f"a lower bound: {self.challenger}'s mean curve does not reach the target",
            "upper": f"an upper bound: {self.baseline}'s mean curve does not reach the target",
            "neither": "a ratio within the budget only: neither mean curve reaches the target",
        }[self.steps.bound if self.steps else ""]


def contrast(
    comparison: Comparison,
    challenger: str,
    baseline: str,
    goal: Goal,
    wanted: Sequence[str] = AXES,
) -> Contrast:
    """Compare two arms at a target on every axis that all their runs know.

    Args:
        comparison: the runs.
        challenger: arm. baseline: arm.
        goal: accuracy to reach.
        wanted: axes; steps is always among them.
    """
    ours, theirs = (_begun(comparison, arm) for arm in (challenger, baseline))
    seeds = comparison.seeds_of(challenger, baseline)
    complete = tuple(s for s in seeds if all(_is_complete(arm.get(s)) for arm in (ours, theirs)))
    missing = tuple(
        f"{name}/seed-{s}"
        for s in seeds
        for name, arm in ((challenger, ours), (baseline, theirs))
        if not _is_complete(arm.get(s))
    )
    c, b = ([arm[s] for s in complete] for arm in (ours, theirs))
    first = first_look(comparison.plan, challenger, baseline)
    at = quantile(len(complete), first)
    axes: dict[str, AxisContrast] = {}
    for axis in dict.fromkeys(("steps", *wanted)) if complete else ():
        curves = (_curves(c, axis), _curves(b, axis))
        if curves[0] is None or curves[1] is None:
            continue  # an axis that some run does not know is not compared
        if curves[0].step[0] > curves[1].step[-1]:
            continue  # the challenger was first evaluated when the baseline had ended
        raced = race(curves[0], curves[1], goal, at)
        extremes = None
        if missing:
            extremes = _extremes((curves[0], curves[1]), (ours, theirs), seeds, complete, goal, at)
        s = raced.speed
        ratio = estimate(s) if s.target > curves[1].accuracy[:, 0].mean() else NOTHING
        spent = float(s.challenger), float(s.baseline)
        axes[axis] = AxisContrast(axis, ratio, *spent, raced, extremes)
    theirs_complete = [theirs[s] for s in seeds if _is_complete(theirs.get(s))]
    steps = axes.get("steps")
    target = float(steps.race.speed.target) if steps else np.nan
    return Contrast(
        challenger=challenger,
        baseline=baseline,
        target=target,
        axes=axes,
        seeds=complete,
        open_pairs=missing,
        baseline_share=_share(theirs_complete, len(seeds), target),
        first_look=first,
    )


def paired_curves(
    comparison: Comparison, pair: Contrast, axis: str
) -> tuple[Curves, Curves] | None:
    """Curves of a contrast's complete pairs, challenger's and baseline's; None where there are none
    or a run does not know the axis."""
    arms = [_begun(comparison, arm) for arm in (pair.challenger, pair.baseline)]
    ours, theirs = (
        _curves([arm[s] for s in pair.seeds], axis) if pair.seeds else None for arm in arms
    )
    return (ours, theirs) if ours is not None and theirs is not None else None


def estimate(speed: Speed) -> Estimate:
    """The ratio of one comparison, by the mean curves' crossing, with both estimators' interval."""
    n = int(speed.pairs)
    low, high = (float(speed.low), float(speed.high)) if n > 1 else (np.nan, np.nan)
    return Estimate(float(speed.ratio), low, high, n, "mean curves")


def _begun(comparison: Comparison, arm: str) -> dict[int, Run]:
    return {run.seed: run for run in comparison.of(arm) if len(run.evals)}


def _is_complete(run: Run | None) -> bool:
    return run is not None and run.state == "done" and len(run.evals) > 1


def _curves(runs: Sequence[Run], axis: str) -> Curves | None:
    """Finished runs at every step that one of them was evaluated at, from the latest first step to
    the earliest last one; None where a run does not know the axis, or spent nothing on it."""
    first, last = max(r.evals.step[0] for r in runs), min(r.last_step for r in runs)
    steps = np.unique(np.concatenate([r.evals.step for r in runs]))
    steps = steps[(steps >= first) & (steps <= last)]
    if not len(steps):
        return None  # a run ends before another one begins
    accuracy = np.stack([_at(r.evals.step, r.evals.accuracy, steps) for r in runs])
    error = sampling.variance(runs)
    if axis == "steps":
        return Curves(steps, accuracy, None, error)
    totals = [r.evals.spent.get(axis) for r in runs]
    usable = [x for x in totals if x is not None and np.isfinite(x).all() and x[-1] > 0]
    if len(usable) < len(runs):
        return None
    spent = [np.interp(steps, r.evals.step, x) for r, x in zip(runs, usable, strict=True)]
    return Curves(steps, accuracy, np.maximum.accumulate(np.stack(spent), axis=-1), error)


def _at(step: Array, accuracy: Array, wanted: Array) -> Array:
    if len(step) == len(wanted) and (step == wanted).all():
        return accuracy
    return value_at(step, accuracy, wanted)


def _extremes(
    complete_curves: tuple[Curves, Curves],
    runs: tuple[Mapping[int, Run], Mapping[int, Run]],
    seeds: Sequence[int],
    complete: Sequence[int],
    goal: Goal,
    at: float,
) -> tuple[Race, Race]:
    """The open runs as bad as can be for the challenger and as good for the baseline, and the
    other way round."""
    best = max(float(end(curves.accuracy).max()) for curves in complete_curves)
    filled = [
        [_filled(curves, arm, seeds, complete, soars) for soars in (None, best)]
        for curves, arm in zip(complete_curves, runs, strict=True)
    ]
    (bad, good), (slow, fast) = filled
    return race(bad, fast, goal, at), race(good, slow, goal, at)


def _filled(
    curves: Curves,
    runs: Mapping[int, Run],
    seeds: Sequence[int],
    complete: Sequence[int],
    soars: float | None,
) -> Curves:
    """An arm's curves with a row for every seed; from their last evaluation on, open runs soar to
    an accuracy or, since what broke them off may have been that they diverged, fall back to where
    the arm began, unless they are lower already. They cost what the arm's others do."""
    rows, spent = [], []
    start = float(curves.accuracy[:, 0].mean())
    usual = None if curves.spent is None else curves.spent.mean(0)
    for seed in seeds:
        if seed in complete:
            i = complete.index(seed)
            rows.append(curves.accuracy[i])
            spent.append(None if curves.spent is None else curves.spent[i])
            continue
        row, run = curves.accuracy.mean(0).copy(), runs.get(seed)
        seen = 1 if run is None else int((curves.step <= run.last_step).sum())
        if run is not None and seen:
            row[:seen] = _at(run.evals.step, run.evals.accuracy, curves.step[:seen])
        seen = max(seen, 1)
        row[seen:] = min(row[seen - 1], start) if soars is None else soars
        rows.append(row)
        spent.append(usual)
    totals = None if usual is None else np.stack([x for x in spent if x is not None])
    return replace(curves, accuracy=np.stack(rows), spent=totals)


def _share(runs: Sequence[Run], of: int, target: float) -> float:
    if not of or np.isnan(target):
        return float("nan")
    return sum(bool(reaches(run.evals.accuracy, target)) for run in runs) / of
