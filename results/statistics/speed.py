"""How much less one arm needs than another to the same accuracy: two estimators that must agree.

Both read the arms' *mean* curves over seeds. A crossing of each run's own curve is a nonlinear
function of its noise, whose bias more seeds do not remove; the mean curve's noise falls with them.

- **Crossing**: the ratio of where the isotonic mean curves reach the target. Being monotone they
  count what is reached and kept. An arm that never gets there stands at its end: the ratio is a
  bound, and the interval is open on that side.
- **Inversion**: for every r, is the challenger's mean accuracy at r times the baseline's cost below
  the target, or above it? Linear in the challenger's noise, so that small evaluation sets cost
  width and no bias. Nothing beyond the last evaluation is rejected.

Both re-estimate the target and the baseline's cost in every replicate of a delete-one-pair
jackknife (Efron and Tibshirani 1993, chapter 11) and read Student's t, the first on the log scale.
The printed interval reaches from the smaller lower to the larger upper end of the two.

Batched: leading dimensions (…) are independent comparisons; n is pairs of runs of one seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.statistics.curves import crossing, value_at
from srpo_bench.results.statistics.inversion import Interval, invert, t_at, t_statistic
from srpo_bench.results.statistics.jackknife import jackknife, normal, replicates, student

QUANTILE = 0.98
"""Of Student's t, at either end. Chosen on half of the families that ``benchmarks.calibration``
simulates, so that no false verdict there exceeds 2.5 %; the other half confirms it."""
ALPHA = 2 * (1 - QUANTILE)
"""The two-sided nominal p that the interval stands for."""
FRACTION = 0.9
"""The share of the baseline's gain that defines the target, unless a level is named."""


@dataclass(frozen=True)
class Curves:
    """The runs of one arm at common steps.

    step: (K,).   accuracy: (…, n, K) fractions.   spent: (…, n, K) running totals on an axis, never
    falling; None: the steps themselves.   error: variance of one evaluation by sampling alone, a
    floor of what the runs' spread may say; 0: not known.
    """

    step: Array
    accuracy: Array
    spent: Array | None = None
    error: float | Array = 0.0

    def until(self, step: float) -> Curves:
        """Evaluations no later than a step."""
        k = int(np.searchsorted(self.step, step, side="right"))
        spent = None if self.spent is None else self.spent[..., :k]
        return Curves(self.step[:k], self.accuracy[..., :k], spent, self.error)

    def drawn(self, runs: NDArray[np.intp]) -> Curves:
        """(…, m) of these n runs, by their places: (…, m, K)."""
        spent = None if self.spent is None else self.spent[runs]
        return Curves(self.step, self.accuracy[runs], spent, self.error)


@dataclass(frozen=True)
class Goal:
    """The accuracy to reach: a level, or else a fraction of the baseline's gain."""

    fraction: float = FRACTION
    level: float | None = None

    def of(self, baseline: Array) -> Array:
        """(…) the level, from curves (…, K) of the baseline: first evaluation, mean of the last
        two."""
        if self.level is not None:
            return np.full(baseline.shape[:-1], self.level)
        base = baseline[..., 0]
        level: Array = base + self.fraction * (end(baseline) - base)
        return level

    def variance(self, error: float | Array) -> float | Array:
        """The level's variance, by the baseline's sampling error alone."""
        if self.level is not None:
            return 0.0
        return error * (self.fraction**2 / 2 + (1 - self.fraction) ** 2)


USUAL = Goal()
"""The default target."""


def end(accuracy: Array) -> Array:
    """(…, K) → (…) accuracy at the end: the mean of the last two evaluations after the first."""
    k = accuracy.shape[-1]
    mean: Array = accuracy[..., max(k - 2, min(1, k - 1)) :].mean(-1)
    return mean


@dataclass(frozen=True)
class Speed:
    """The ratio of cost to target, challenger over baseline, of (…) comparisons."""

    ratio: Array
    """By the crossing; a lower bound where the challenger did not arrive, an upper one where the
    baseline did not."""
    crossing: Interval
    inversion: Interval
    target: Array
    challenger: Array
    baseline: Array
    """Cost of either arm at its mean curve's crossing, or at its end."""
    arrived: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """Do the mean curves of challenger and baseline reach the target, and keep it?"""
    pairs: NDArray[np.intp]
    replicates: Array
    """(…, n + 1) log ratios by the crossing: of all pairs, then without each."""
    _error: Array
    """(…) jackknife standard error of the log ratio."""
    _t: tuple[Array, Array]
    """(…, R) ratios, and the inversion's t there."""

    @property
    def low(self) -> Array:
        """The printed lower end."""
        return np.minimum(self.crossing.low, self.inversion.low)

    @property
    def high(self) -> Array:
        """The printed upper end."""
        return np.maximum(self.crossing.high, self.inversion.high)

    def side(self, threshold: float) -> NDArray[np.int_]:
        """(…) of a ratio: −1 both estimators lie wholly at or below it, 1 both above, 0 neither."""
        return Interval(self.low, self.high).side(threshold)

    def p(self, threshold: float) -> Array:
        """(…) two-sided p that the ratio is a threshold, the larger of the two estimators'; 1 where
        an arm that does not arrive leaves the interval open on that side."""
        from scipy.special import stdtr

        ratios, t = self._t
        with np.errstate(divide="ignore", invalid="ignore"):
            first = (np.log(threshold) - self.replicates[..., 0]) / self._error
            second = t_at(ratios, t, threshold)
            known = np.where(first < 0, self.arrived[1], self.arrived[0])
            agree = known & (first * second > 0)
        least = np.where(agree, np.minimum(np.abs(first), np.abs(second)), 0.0)
        p: Array = 2 * stdtr(np.maximum(self.pairs - 1, 1), -least)
        return np.where(self.pairs < 2, np.nan, p)


def speed(
    challenger: Curves,
    baseline: Curves,
    goal: Goal = USUAL,
    chosen: NDArray[np.bool_] | None = None,
    quantile: float = QUANTILE,
) -> Speed:
    """Compare two arms, paired along n.

    Args:
        challenger, baseline: of equal (…, n); each at its own steps.
        goal: the accuracy to reach.
        chosen: (…, n) the pairs that count; None: all.
        quantile: of Student's t at either end of the intervals.
    """
    horizon = min(challenger.step[-1], baseline.step[-1])
    ours = challenger.until(float(horizon))
    kept = np.ones(ours.accuracy.shape[:-1], bool) if chosen is None else chosen
    pairs = kept.sum(-1)
    theirs_mean, ours_mean = (replicates(x.accuracy, kept) for x in (baseline, ours))
    target = goal.of(theirs_mean)
    start, _, _ = crossing(baseline.step, theirs_mean, target)
    finish, _, _ = crossing(ours.step, ours_mean, target)
    arrived = ~np.isnan(finish[..., 0]), ~np.isnan(start[..., 0])
    start = np.where(np.isnan(start), baseline.step[-1], start)
    finish = np.where(np.isnan(finish), horizon, finish)
    theirs, mine = _Ledger(baseline, kept), _Ledger(ours, kept)
    cost_b, cost_c = theirs.at(start), mine.at(finish)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(cost_c / cost_b)
    centre, error = jackknife(log, kept)
    t = student(pairs, quantile)
    floor = (ours.error + goal.variance(baseline.error)) / np.maximum(pairs, 1)
    ratios = _ladder(mine, ours.step) / cost_b[..., :1]
    where = mine.when(ratios[..., None, :] * cost_b[..., None])
    short = value_at(ours.step, ours_mean, where) - target[..., None]
    tested = t_statistic(short, kept, floor * (normal(quantile) / t) ** 2)
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.exp(centre - t * error), np.exp(centre + t * error)
    first = Interval(np.where(arrived[1], low, 0.0), np.where(arrived[0], high, np.inf))
    return Speed(
        ratio=np.where(pairs > 0, np.exp(log[..., 0]), np.nan),
        crossing=_open(first),
        inversion=_open(invert(ratios, tested, t)),
        target=target[..., 0],
        challenger=cost_c[..., 0],
        baseline=cost_b[..., 0],
        arrived=arrived,
        pairs=pairs,
        replicates=log,
        _error=error,
        _t=(ratios, tested),
    )


class _Ledger:
    """What an arm's replicates had spent, on average, at a step, and back."""

    def __init__(self, arm: Curves, kept: NDArray[np.bool_]) -> None:
        self.step = arm.step
        self.mean = None if arm.spent is None else replicates(arm.spent, kept)

    def at(self, step: Array) -> Array:
        """(…, n + 1) cost at steps (…, n + 1), at least a hundredth of the first that is any."""
        if self.mean is None:
            at_least: Array = np.maximum(step, 0.01 * self.step[:2][-1])
            return at_least
        rows = self.mean.reshape(-1, self.mean.shape[-1])
        some = [0.01 * row[np.argmax(row > 0)] for row in rows]
        flat = zip(step.reshape(-1), rows, some, strict=True)
        costs = [max(float(np.interp(s, self.step, row)), least) for s, row, least in flat]
        return np.array(costs).reshape(step.shape)

    def when(self, cost: Array) -> Array:
        """(…, n + 1, R) steps at which the replicates had spent these; the last one beyond."""
        if self.mean is None:
            return cost
        rows = self.mean.reshape(-1, self.mean.shape[-1])
        flat = zip(cost.reshape(-1, cost.shape[-1]), rows, strict=True)
        steps = np.array([np.interp(c, row, self.step) for c, row in flat])
        return steps.reshape(cost.shape)


def _ladder(ledger: _Ledger, step: Array) -> Array:
    """(…, R) costs at which the inversion is tried: at every evaluation and half-way between."""
    steps = np.union1d(step, (step[1:] + step[:-1]) / 2)
    if ledger.mean is None:
        return steps
    rows = ledger.mean[..., 0, :].reshape(-1, len(step))
    costs = np.array([np.interp(steps, step, row) for row in rows])
    return costs.reshape(*ledger.mean.shape[:-2], -1)


def _open(ends: Interval) -> Interval:
    """No end where there is none: from 0, to infinity."""
    low = np.where(np.isnan(ends.low), 0.0, ends.low)
    return Interval(low, np.where(np.isnan(ends.high), np.inf, ends.high))
