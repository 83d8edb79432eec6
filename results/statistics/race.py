"""What a verdict on one pair of arms at one target reads, from curves alone.

Speed over all pairs; speed over the pairs in which both arms arrived, since one run in ten that
never learns puts an arm's plateau just at the target, where the length of the budget would decide;
how many arrived; who ends where; who fell back. Batched as ``speed`` is, so that simulations are
judged by the lines that judge real runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.statistics.curves import reaches, running
from srpo_bench.results.statistics.inference import bounds
from srpo_bench.results.statistics.inversion import WHOLE
from srpo_bench.results.statistics.speed import QUANTILE, USUAL, Curves, Goal, Speed, end, speed

MIN_PAIRS = 8
"""Fewer give no verdict."""
MIN_REACHED = 0.8
"""Share of an arm's runs that must arrive: the baseline's for any verdict, the challenger's for
"supported"."""
MARGIN = 0.1
"""Of the baseline's gain: what the challenger may lack at the end and not be inferior. The target
leaves out the same tenth."""
FALL = 4.0
"""Standard errors by which a smoothed curve ends below its best when it has collapsed; ordinary
noise has a best, too. Where it comes from: docs/statistics.md, "What is not in that file"."""
SMOOTH = 3
"""Evaluations that a smoothed curve averages."""


@dataclass(frozen=True)
class Race:
    """The outcome of (…) comparisons."""

    speed: Speed
    """Over all pairs."""
    among_arrived: Speed
    """Over the pairs in which both runs arrived; NaN where there are none."""
    arrived: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """(…, n) of challenger and baseline: does the run's own isotonic curve reach the target?"""
    final: Array
    """(…, n) the challenger's accuracy at the end less the baseline's."""
    gain: Array
    """(…, n) of the baseline: accuracy at the end less that at its first evaluation."""
    error: Array
    """(…) sampling variance of a mean of ``final``."""
    collapsed: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """(…) of challenger and baseline: do their mean curves end well below their best?"""

    @property
    def reach(self) -> tuple[Array, Array]:
        """(…) shares of the challenger's and of the baseline's runs that arrive."""
        ours, theirs = self.arrived
        return ours.mean(-1), theirs.mean(-1)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(…) can steps to target be read off this baseline? It gains, most of its runs arrive, and
        it does not fall back."""
        gains = bounds(self.gain, self.error)[0] > 0
        return gains & (self.reach[1] >= MIN_REACHED) & ~self.collapsed[1]

    @property
    def as_good(self) -> NDArray[np.bool_]:
        """(…) is the challenger not inferior at the end? One-sided, 2.5 %."""
        return bounds(self.final + MARGIN * self.gain, self.error)[0] > 0

    def side(self, threshold: float) -> NDArray[np.int_]:
        """(…) −1: the ratio is at most the threshold, 1: above it, 0: not settled.

        All pairs say it, and those that arrived do not say otherwise: by their interval where they
        are enough for one, else by their estimate.
        """
        over = np.where(self.among_arrived.ratio > threshold * WHOLE, 1, -1)
        enough = self.among_arrived.pairs >= MIN_PAIRS
        over = np.where(enough, self.among_arrived.side(threshold), over)
        every = self.speed.side(threshold)
        return np.where((self.among_arrived.pairs == 0) | (over == every), every, 0)

    def p(self, threshold: float) -> Array:
        """(…) the larger two-sided p of the ratio, over all pairs and over those that arrived."""
        every, some = self.speed.p(threshold), self.among_arrived.p(threshold)
        enough = self.among_arrived.pairs >= MIN_PAIRS
        return np.where(enough, np.maximum(every, some), every)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(…) what "supported" asks besides speed: runs arrive, stay, and end as high."""
        return (self.reach[0] >= MIN_REACHED) & self.as_good & ~self.collapsed[0]


def race(
    challenger: Curves, baseline: Curves, goal: Goal = USUAL, quantile: float = QUANTILE
) -> Race:
    """Compare two arms, paired along n.

    Args:
        challenger, baseline: (…, n, K) each at its own steps; what the challenger did after the
            baseline's last evaluation is not read.
        goal: the accuracy to reach.
        quantile: of Student's t at either end of the ratios' intervals.
    """
    ours = challenger.until(float(min(challenger.step[-1], baseline.step[-1])))
    every = speed(ours, baseline, goal, quantile=quantile)
    level = every.target[..., None]
    arrived = reaches(ours.accuracy, level), reaches(baseline.accuracy, level)
    both = arrived[0] & arrived[1]
    some = every if both.all() else speed(ours, baseline, goal, both, quantile)
    last = end(baseline.accuracy)
    gain = last - baseline.accuracy[..., 0]
    return Race(
        speed=every,
        among_arrived=some,
        arrived=arrived,
        final=end(ours.accuracy) - last,
        gain=gain,
        error=np.asarray(ours.error + baseline.error) / (2 * gain.shape[-1]),
        collapsed=(
            collapsed(ours.accuracy, ours.error, gain.mean(-1)),
            collapsed(baseline.accuracy, baseline.error, gain.mean(-1)),
        ),
    )


def collapsed(accuracy: Array, error: float | Array, gain: Array) -> NDArray[np.bool_]:
    """(…) does the mean of curves (…, n, K), smoothed, end below its best by more than a tenth of
    the gain and by more than its noise explains?"""
    return (fall(accuracy)[0] > MARGIN * gain) & (fallen(accuracy, error) > FALL)


def fall(accuracy: Array) -> tuple[Array, Array]:
    """(…) how far the smoothed mean curve ends below its best, and (…, n) each run's part of it."""
    width = min(SMOOTH, accuracy.shape[-1])
    total = running(accuracy)
    smooth = (total[..., width:] - total[..., :-width]) / width
    best = np.argmax(smooth.mean(-2), axis=-1)[..., None, None]
    each = np.take_along_axis(smooth, best, axis=-1)[..., 0] - smooth[..., -1]
    return each.mean(-1), each


def fallen(accuracy: Array, error: float | Array) -> Array:
    """(…) the same in standard errors of the mean over runs."""
    mean, each = fall(accuracy)
    n = each.shape[-1]
    spread = each.var(-1, ddof=1) / n if n > 1 else np.full(mean.shape, np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = mean / np.sqrt(np.maximum(spread, 2 * np.asarray(error) / (SMOOTH * n)))
    return np.where(mean > 0, t, 0.0)
