"""How long an arm's runs stay below a target: Kaplan–Meier and restricted means."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.steps import crossing

TIE = 1e-9
"""Half of the runs are half of them, whatever the last bit of a product says."""


@dataclass(frozen=True)
class Survival:
    """An arm's time to target: where each run's isotonic curve crosses."""

    n: int
    reached: int
    median: float
    """Kaplan–Meier; inf when fewer than half are known to have reached."""
    rmst: float
    """Mean steps spent below the target within the horizon; beyond the last time that one was seen
    as many are taken to be below as then."""
    steps: Array
    below: Array
    """(K,) the step function: from ``steps[k]`` on, the share ``below[k]`` is not yet there."""
    low: Array
    high: Array
    """95 % pointwise interval (exponential Greenwood)."""
    watched: bool = True
    """Is it known up to the horizon who is below?"""


def survival(runs: Sequence[Run], target: float, horizon: float) -> Survival:
    """Kaplan–Meier over an arm's runs; those that never reached are censored at their last
    evaluation."""
    runs = [run for run in runs if len(run.evals)]
    if not runs:
        nothing = np.zeros(0)
        return Survival(0, 0, np.nan, np.nan, nothing, nothing, nothing, nothing)
    crossings = [crossing(run.evals, target) for run in runs]
    event = np.array([c.reached and c.at <= horizon for c in crossings])
    time = np.array(
        [
            cross.at if reached else min(run.last_step, horizon)
            for cross, reached, run in zip(crossings, event, runs, strict=True)
        ]
    )
    steps, below, low, high = kaplan_meier(time, event)
    return Survival(
        n=len(runs),
        reached=int(event.sum()),
        median=median(steps, below),
        rmst=restricted_mean(steps, below, horizon),
        steps=steps,
        below=below,
        low=low,
        high=high,
        watched=bool(below[-1] == 0 or steps[-1] >= horizon),
    )


def kaplan_meier(time: Array, event: NDArray[np.bool_]) -> tuple[Array, Array, Array, Array]:
    """The survival function with its log-log interval (exponential Greenwood, 95 %).

    Args:
        time: (N,) when each was seen last.
        event: (N,) whether it arrived then, or was only lost sight of.

    Returns:
        Times (K,) from 0 on, the share that is still below from each on, and the interval's ends.
        Where the share is 0 or 1 there is no interval, and the share stands in its place.
    """
    sf = ecdf(CensoredData(uncensored=time[event], right=time[~event])).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the shares 0 and 1
        interval = sf.confidence_interval(method="log-log")
    steps, below = sf.quantiles, sf.probabilities
    low, high = interval.low.probabilities, interval.high.probabilities
    ends = [np.where(np.isnan(end), below, end) for end in (low, high)]
    if steps[0] > 0:
        steps = np.append(0.0, steps)
        below, *ends = (np.append(1.0, column) for column in (below, *ends))
    return steps, below, *ends


def median(steps: Array, below: Array) -> float:
    """The first time at which no more than half are still below; inf if that never comes."""
    half = np.flatnonzero(below <= 0.5 + TIE)
    return float(steps[half[0]]) if len(half) else np.inf


def restricted_mean(steps: Array, below: Array, horizon: float) -> float:
    """The area under a step function up to the horizon."""
    edges = np.append(np.minimum(steps, horizon), horizon)
    return float(np.diff(edges) @ below)
