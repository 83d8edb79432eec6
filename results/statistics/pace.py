"""How soon an arm is at a target and stays there, by its mean curve: what it is tuned for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.statistics.curves import crossing
from srpo_bench.results.statistics.race import collapsed
from srpo_bench.results.statistics.speed import USUAL, end

Runs = Sequence[tuple[Array, Array]]
"""Of each run its evaluated steps and its accuracies there, both (E,)."""


def target_of(runs: Runs) -> float:
    """Base plus 90 % of the gain of a mean curve."""
    _, accuracy = _common(runs)
    return float(USUAL.of(accuracy.mean(0)))


def steps_to(runs: Runs, target: float) -> float | None:
    """Where the isotonic mean curve crosses a target; None where it does not, or falls back."""
    step, accuracy = _common(runs)
    mean = accuracy.mean(0)
    at, fell = crossing(step, mean, target)[0], collapsed(accuracy, 0.0, end(mean) - mean[0])
    return None if np.isnan(at) or fell else float(at)


def _common(runs: Runs) -> tuple[Array, Array]:
    """Steps that all runs were evaluated at, (K,), and accuracies there, (n, K)."""
    step = np.array(sorted(set.intersection(*(set(steps.tolist()) for steps, _ in runs))))
    return step, np.stack([accuracy[np.isin(steps, step)] for steps, accuracy in runs])
