"""Do two trainers' curves agree within the spread of their seeds? A test either way, no adjective.

Shapes: n and m runs of two trainers, T steps: ``ours`` (n, T), ``theirs`` (m, T).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Runs = NDArray[np.float64]
DRAWS = 20_000
"""Relabellings that are looked at; where there are fewer, all of them, and p is exact."""


@dataclass(frozen=True)
class Agreement:
    """gap: mean over steps of ours less theirs.   interval: its 90 % Welch interval, so that lying
    within ±margin is two one-sided tests at 5 %.   p: of the largest gap at any step, by
    relabelling the runs.   inside: share of steps whose gap's own 95 % t-interval holds 0."""

    gap: float
    interval: tuple[float, float]
    margin: float
    p: float
    inside: float

    @property
    def equivalent(self) -> bool:
        """The areas under the curves differ by less than the margin."""
        return -self.margin < self.interval[0] and self.interval[1] < self.margin

    @property
    def agree(self) -> bool:
        """Equivalent in area, and no step where the trainers can be told apart."""
        return self.equivalent and self.p > 0.05

    def __str__(self) -> str:
        low, high, margin = (100 * x for x in (*self.interval, self.margin))
        return (
            f"{'agree' if self.agree else 'do not agree'}: mean gap {100 * self.gap:+.1f} points "
            f"(90 % interval {low:+.1f} to {high:+.1f}, margin ±{margin:g}); largest gap at any "
            f"step p = {self.p:.3f}; {100 * self.inside:.0f} % of the steps' 95 % intervals hold 0"
        )


def agreement(ours: Runs, theirs: Runs, margin: float) -> Agreement:
    """Compare (n, T) with (m, T); n and m at least 2. ``margin`` is in the curves' unit."""
    area = stats.ttest_ind(ours.mean(1), theirs.mean(1), equal_var=False)
    low, high = area.confidence_interval(0.90)
    return Agreement(
        gap=float(ours.mean() - theirs.mean()),
        interval=(float(low), float(high)),
        margin=margin,
        p=largest_gap_p(ours, theirs),
        inside=float((step_p(ours, theirs) > 0.05).mean()),
    )


def step_p(ours: Runs, theirs: Runs) -> Runs:
    """(T,) Welch's p at each step; 1 where all runs are equal."""
    p = np.ones(ours.shape[1])
    differ = np.ptp(np.concatenate([ours, theirs]), axis=0) > 0
    p[differ] = stats.ttest_ind(ours[:, differ], theirs[:, differ], equal_var=False).pvalue
    return p


def largest_gap_p(ours: Runs, theirs: Runs, seed: int = 0) -> float:
    """p of max_t |mean ours − mean theirs| / sd_t, sd over all runs, by permutation of the runs.

    Under the hypothesis that both trainers make the same runs every labelling is as likely, and the
    largest gap over all steps needs no correction for how many steps were looked at.
    """
    runs = np.concatenate([ours, theirs])
    n, total = len(ours), len(runs)
    spread = runs.std(axis=0)
    runs = runs[:, spread > 0] / spread[spread > 0]
    if not runs.size:
        return 1.0
    if comb(total, n) <= DRAWS:
        labels = [list(chosen) for chosen in combinations(range(total), n)]
    else:
        rng = np.random.default_rng(seed)
        drawn = (rng.permutation(total)[:n].tolist() for _ in range(DRAWS - 1))
        labels = [list(range(n)), *drawn]
    gaps = np.array([_largest_gap(runs, label) for label in labels])
    return float((gaps >= gaps[0] - 1e-12).mean())


def _largest_gap(runs: Runs, first: list[int]) -> float:
    rest = np.ones(len(runs), dtype=bool)
    rest[first] = False
    return float(np.abs(runs[first].mean(axis=0) - runs[rest].mean(axis=0)).max())
