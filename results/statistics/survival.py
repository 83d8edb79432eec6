"""How long an arm's runs stay below a target: Kaplan–Meier and restricted means (lifelines)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.runs import Array, Run
from srpo_bench.results.statistics.steps import crossing


@dataclass(frozen=True)
class Survival:
    """An arm's time to target, with T the first confirming evaluation."""

    n: int
    reached: int
    median: float
    """Kaplan–Meier; inf when fewer than half are known to have reached."""
    rmst: float
    """Mean steps spent below the target within the horizon."""
    steps: Array
    below: Array
    """(K,) the step function: from ``steps[k]`` on, the share ``below[k]`` is not yet there."""
    low: Array
    high: Array
    """95 % pointwise interval (exponential Greenwood)."""


def survival(runs: Sequence[Run], target: float, horizon: float) -> Survival:
    """Kaplan–Meier over an arm's runs; those that never reached are censored at their last
    evaluation."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    runs = [run for run in runs if len(run.evals)]
    if not runs:
        nothing = np.zeros(0)
        return Survival(0, 0, np.nan, np.nan, nothing, nothing, nothing, nothing)
    found = [crossing(run.evals, target) for run in runs]
    event = np.array([c.reached and c.first <= horizon for c in found])
    time = np.array(
        [
            cross.first if there else min(run.last_step, horizon)
            for cross, there, run in zip(found, event, runs, strict=True)
        ]
    )
    fit = KaplanMeierFitter().fit(time, event)
    interval = fit.confidence_interval_survival_function_
    return Survival(
        n=len(runs),
        reached=int(event.sum()),
        median=float(fit.median_survival_time_),
        rmst=float(restricted_mean_survival_time(fit, t=horizon)),
        steps=fit.survival_function_.index.to_numpy(dtype=float),
        below=fit.survival_function_.iloc[:, 0].to_numpy(dtype=float),
        low=interval.iloc[:, 0].to_numpy(dtype=float),
        high=interval.iloc[:, 1].to_numpy(dtype=float),
    )
