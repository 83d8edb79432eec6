"""Statistics over several tasks: IQM, probability of improvement, profiles, geometric means.

Agarwal et al. 2021 (arXiv 2108.13264); Dahl et al. 2023 (AlgoPerf, arXiv 2306.07179) for profiles
of time to target. Scores are (seeds × tasks). A run is scored on all tasks by one policy, so a
bootstrap resamples whole runs, every task being a stratum that each resample keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.inference import Estimate, half_width, of
from srpo_bench.results.statistics.sampling import variance
from srpo_bench.results.statistics.speed import Speed

T = TypeVar("T")

RESAMPLES = 2000
TIE = 1e-12
"""Resamples that differ by less say the same: sums round."""


def iqm(scores: Array) -> float:
    """Mean of the middle half of all scores of (seeds × tasks)."""
    from scipy import stats

    return float(stats.trim_mean(scores, 0.25, axis=None))


def iqm_interval(scores: Array, floor: float = 0.0) -> Estimate:
    """IQM with a 95 % percentile bootstrap over seeds.

    Args:
        scores: (n × tasks).
        floor: the least that the IQM's variance can be, for scores that happen to be alike.
    """
    from scipy import special, stats

    n = len(scores)
    if n < 2:
        return Estimate(iqm(scores) if n else np.nan, np.nan, np.nan, n, "none")
    picks = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    resampled = scores[picks].reshape(RESAMPLES, -1)
    low, high = _percentile(stats.trim_mean(resampled, 0.25, axis=1))
    value, half = iqm(scores), float(special.ndtri(0.975) * np.sqrt(floor))
    low, high = min(low, max(0.0, value - half)), max(high, min(1.0, value + half))
    return Estimate(value, low, high, n, "percentile bootstrap")


def probability_of_improvement(challenger: Array, baseline: Array) -> float:
    """Chance that a run of the challenger beats one of the baseline, ties half, mean over tasks."""
    return float(_wins(challenger, baseline).mean())


def improvement_interval(challenger: Array, baseline: Array) -> Estimate:
    """The same with a 95 % percentile bootstrap over pairs of runs of one seed, (n × tasks) each in
    the same order. Where every resample says the same, as where all win or all tie, that is no
    certainty: the interval is that of a share of n pairs."""
    n = len(challenger)
    if n < 2:
        value = probability_of_improvement(challenger, baseline) if n else np.nan
        return Estimate(value, np.nan, np.nan, n, "none")
    wins = _wins(challenger, baseline).mean(2)
    value = float(wins.mean())
    weight = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    drawn = np.einsum("rn,nm,rm->r", weight, wins, weight, optimize=True)
    if np.ptp(drawn) < TIE:
        return of(value * n, n)
    return Estimate(value, *_percentile(drawn), n, "percentile bootstrap")


def profile(scores: Array, thresholds: Array) -> Array:
    """(K,) share of all scores above each threshold."""
    above: Array = (scores.reshape(-1, 1) > thresholds).mean(0)
    return above


def time_profile(times: dict[str, Array], factors: Array) -> dict[str, Array]:
    """Share of tasks on which each arm's time is within a factor of the fastest arm's.

    Args:
        times: arm -> (tasks,) time to target, inf where it was not reached.
        factors: (K,) ≥ 1.
    """
    best = np.min(list(times.values()), axis=0)
    with np.errstate(invalid="ignore"):
        slowdown = {arm: np.where(np.isfinite(t), t / best, np.inf) for arm, t in times.items()}
    return {arm: (s.reshape(-1, 1) <= factors).mean(0) for arm, s in slowdown.items()}


def geometric_mean_ratio(tasks: Sequence[Speed]) -> Estimate:
    """Geometric mean over tasks of the ratio of cost to each one's target, from the same pairs.

    By the mean curves' crossings, with a delete-one-pair jackknife over all tasks together and
    Student's interval on the log scale. An arm that does not arrive on some task stands there at
    its end, so the mean is a bound, and the interval's end on that side is open.
    """
    if not tasks:
        return Estimate(np.nan, np.nan, np.nan, 0, "none")
    together = np.mean([speed.replicates for speed in tasks], axis=0)
    n = len(together) - 1
    value = float(np.exp(together[0]))
    if n < 2 or not np.isfinite(together).all():
        return Estimate(value, np.nan, np.nan, n, "none")
    half = half_width((n - 1) * together[1:])  # the jackknife's error is that of pseudo-values
    ours, theirs = (all(bool(speed.arrived[i]) for speed in tasks) for i in (0, 1))
    low = value * np.exp(-half) if theirs else 0.0
    return Estimate(value, low, value * np.exp(half) if ours else np.inf, n, "mean curves")


def on_task(comparison: Comparison, task: str) -> Comparison:
    """The same comparison with one task's accuracy, and its error, in place of the mean over tasks;
    of the runs that were asked it."""
    asked = (run for run in comparison.runs if task in run.evals.tasks)
    return replace(comparison, runs=tuple(of_task(run, task) for run in asked))


def of_task(run: Run, task: str) -> Run:
    """One run with what it records of one task alone."""
    evals = run.evals

    def only(of: Mapping[str, T]) -> dict[str, T]:
        return {task: of[task]} if task in of else {}

    alone = replace(
        evals,
        accuracy=evals.tasks[task],
        stderr=evals.errors.get(task, np.full(len(evals), np.nan)),
        tasks=only(evals.tasks),
        errors=only(evals.errors),
        first=only(evals.first),
        last=only(evals.last),
    )
    return replace(run, evals=alone)


def error_at_end(runs: Sequence[Run], task: str | None = None) -> float:
    """The sampling variance of a run's accuracy at its end, the mean of two evaluations; of one
    task, or of the mean over tasks."""
    return variance([run if task is None else of_task(run, task) for run in runs]) / 2


def _wins(challenger: Array, baseline: Array) -> Array:
    """(n × m × tasks): 1 better, ½ tie, 0 worse."""
    c, b = challenger[:, None, :], baseline[None, :, :]
    wins: Array = (c > b) + 0.5 * (c == b)
    return wins


def _percentile(values: Array) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
