"""Statistics over several tasks: IQM, probability of improvement, profiles, geometric means.

Agarwal et al. 2021 (arXiv 2108.13264); Dahl et al. 2023 (AlgoPerf, arXiv 2306.07179) for profiles
of time to target. Scores are (seeds × tasks). A run is scored on all tasks by one policy, so a
bootstrap resamples whole runs, every task being a stratum that each resample keeps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srpo_bench.results.runs import Array, Comparison
from srpo_bench.results.statistics.inference import Estimate, half_width

RESAMPLES = 2000


def iqm(scores: Array) -> float:
    """Mean of the middle half of all scores of (seeds × tasks)."""
    from scipy import stats

    return float(stats.trim_mean(scores, 0.25, axis=None))


def iqm_interval(scores: Array, level: float = 0.95) -> Estimate:
    """IQM with a percentile bootstrap over seeds."""
    from scipy import stats

    n = len(scores)
    if n < 2:
        return Estimate(iqm(scores) if n else np.nan, np.nan, np.nan, n, "none")
    picks = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    resampled = scores[picks].reshape(RESAMPLES, -1)
    low, high = _percentile(stats.trim_mean(resampled, 0.25, axis=1), level)
    return Estimate(iqm(scores), low, high, n, "percentile bootstrap")


def probability_of_improvement(challenger: Array, baseline: Array) -> float:
    """Chance that a run of the challenger beats one of the baseline, ties half, mean over tasks."""
    return float(_wins(challenger, baseline).mean())


def improvement_interval(challenger: Array, baseline: Array, level: float = 0.95) -> Estimate:
    """The same with a percentile bootstrap over the seeds of either arm."""
    n, m = len(challenger), len(baseline)
    if min(n, m) < 2:
        value = probability_of_improvement(challenger, baseline) if n and m else np.nan
        return Estimate(value, np.nan, np.nan, min(n, m), "none")
    wins = _wins(challenger, baseline).mean(2)
    rng = np.random.default_rng(0)
    ours = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    theirs = rng.multinomial(m, np.full(m, 1 / m), RESAMPLES) / m
    low, high = _percentile(np.einsum("rn,nm,rm->r", ours, wins, theirs, optimize=True), level)
    return Estimate(float(wins.mean()), low, high, min(n, m), "percentile bootstrap")


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


def geometric_mean_ratio(challenger: Array, baseline: Array, level: float = 0.95) -> Estimate:
    """Geometric mean over tasks of the ratio of mean costs, (seeds × tasks) paired by row.

    Student's interval on the log scale from the seeds' summed influence values, as in
    ``inference.ratio_of_means``.
    """
    n = len(challenger)
    if n == 0 or not (challenger.mean(0) > 0).all() or not (baseline.mean(0) > 0).all():
        return Estimate(np.nan, np.nan, np.nan, n, "none")
    value = float(np.exp(np.log(challenger.mean(0) / baseline.mean(0)).mean()))
    if n < 2:
        return Estimate(value, np.nan, np.nan, n, "none")
    influence = (challenger / challenger.mean(0) - baseline / baseline.mean(0)).mean(1)
    half = half_width(influence, level)
    return Estimate(value, value * np.exp(-half), value * np.exp(half), n, "log-t")


def on_task(comparison: Comparison, task: str) -> Comparison:
    """The same comparison with one task's accuracy in place of the mean over tasks."""
    runs = tuple(
        replace(run, evals=replace(run.evals, accuracy=run.evals.tasks[task]))
        for run in comparison.runs
        if task in run.evals.tasks
    )
    return replace(comparison, runs=runs)


def _wins(challenger: Array, baseline: Array) -> Array:
    """(n × m × tasks): 1 better, ½ tie, 0 worse."""
    c, b = challenger[:, None, :], baseline[None, :, :]
    wins: Array = (c > b) + 0.5 * (c == b)
    return wins


def _percentile(values: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
