"""One challenger against the baseline at one target: ratios of cost on every axis, paired by seed.

The cost of a run is what it had spent when it crossed the target, or at the horizon if it did not
(the restricted mean's summand). Their ratio is well defined under censoring; where only challengers
are censored it is a lower bound of the ratio of unrestricted costs, where only baselines are, an
upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.runs import AXES, Array, Comparison, Run
from srpo_bench.results.statistics.inference import Estimate, mean, ratio_of_means, sign_flip
from srpo_bench.results.statistics.steps import Cost, Crossing, cost, crossing


@dataclass(frozen=True)
class AxisContrast:
    """Paired costs on one axis and what they say."""

    axis: str
    seeds: tuple[int, ...]
    challenger: Array
    baseline: Array
    """(n,) costs of complete pairs, by seed."""
    ratio: Estimate
    difference: Estimate
    p: float
    """Exact sign-flip p of "no difference"."""
    extremes: tuple[Estimate, Estimate] | None
    """Ratio with the open pairs counted at their smallest and at their largest; None: none open."""
    bounds: tuple[Estimate, Estimate]
    """The same, and every crossing at whichever of the two evaluations around it makes the ratio
    smallest, and largest: what the cadence leaves open too."""

    def p_against(self, threshold: float) -> float:
        """Exact sign-flip p of "the challenger needs ``threshold`` times the baseline's cost"."""
        return sign_flip(self.challenger - threshold * self.baseline)


@dataclass(frozen=True)
class Contrast:
    """A challenger and a baseline at a target."""

    challenger: str
    baseline: str
    target: float
    axes: dict[str, AxisContrast]
    open_pairs: tuple[str, ...]
    """Runs that are missing, failed or unfinished, so that their pair's ratio is not known."""
    reached_challenger: float
    reached_baseline: float
    """Fractions of the runs of complete pairs."""
    baseline_share: float
    """Fraction of all the baseline's seeds that are known to reach the target."""

    @property
    def n(self) -> int:
        """Complete pairs."""
        return len(self.axes["steps"].seeds)

    @property
    def bound(self) -> str:
        """Which way censoring bounds the unrestricted ratio, in words; empty if it does not."""
        late, early = self.reached_challenger < 1, self.reached_baseline < 1
        if late and early:
            return "a ratio within the budget only: runs of both arms did not reach the target"
        if late:
            return "a lower bound: some challengers did not reach the target"
        return "an upper bound: some baselines did not reach the target" if early else ""


def contrast(
    comparison: Comparison,
    challenger: str,
    baseline: str,
    target: float,
    wanted: Sequence[str] = AXES,
) -> Contrast:
    """Compare two arms at a target on every axis that all their runs know.

    Args:
        comparison: the runs.
        challenger: arm. baseline: arm.
        target: accuracy, a fraction.
        wanted: axes; steps is always among them.
    """
    ours, theirs = (_runs(comparison, arm, target) for arm in (challenger, baseline))
    seeds = comparison.seeds_of(challenger, baseline)
    horizon = comparison.horizon
    axes: dict[str, AxisContrast] = {}
    open_runs: list[str] = []
    steps: list[tuple[Cost, Cost]] = []
    shares: list[bool] = []
    for axis in dict.fromkeys(("steps", *wanted)):
        pairs = [
            (_cost(ours.get(s), s, axis, horizon), _cost(theirs.get(s), s, axis, horizon))
            for s in seeds
        ]
        if axis == "steps":
            steps = [(c, b) for c, b in pairs if c.known and b.known]
            shares = [b.reached for _, b in pairs]
            open_runs = [
                f"{arm}/seed-{s}"
                for s, pair in zip(seeds, pairs, strict=True)
                for arm, one in zip((challenger, baseline), pair, strict=True)
                if not one.known
            ]
        if any(np.isnan(x.low) for pair in pairs for x in pair):
            continue  # an axis that some run does not know is not compared
        axes[axis] = _axis(axis, pairs)
    return Contrast(
        challenger=challenger,
        baseline=baseline,
        target=target,
        axes=axes,
        open_pairs=tuple(open_runs),
        reached_challenger=_share([c.reached for c, _ in steps]),
        reached_baseline=_share([b.reached for _, b in steps]),
        baseline_share=_share(shares),
    )


def _axis(axis: str, pairs: Sequence[tuple[Cost, Cost]]) -> AxisContrast:
    known = [(c, b) for c, b in pairs if c.known and b.known]
    c = np.array([x.at for x, _ in known])
    b = np.array([x.at for _, x in known])
    whole = len(known) == len(pairs)
    return AxisContrast(
        axis=axis,
        seeds=tuple(x.seed for x, _ in known),
        challenger=c,
        baseline=b,
        ratio=ratio_of_means(c, b),
        difference=mean(c - b),
        p=sign_flip(c - b) if len(c) else float("nan"),
        extremes=None if whole else _extremes(pairs, lambda x: (x.at, x.at)),
        bounds=_extremes(pairs, lambda x: (x.low, x.high)),
    )


def _extremes(
    pairs: Sequence[tuple[Cost, Cost]], ends: Callable[[Cost], tuple[float, float]]
) -> tuple[Estimate, Estimate]:
    """The smallest and the largest ratio when known costs lie between ``ends``, open ones between
    their bounds."""
    costs = [[ends(x) if x.known else (x.low, x.high) for x in pair] for pair in pairs]
    return (
        _ratio([c[0] for c, _ in costs], [b[1] for _, b in costs]),
        _ratio([c[1] for c, _ in costs], [b[0] for _, b in costs]),
    )


def _ratio(numerator: list[float], denominator: list[float]) -> Estimate:
    c, b = np.array(numerator), np.array(denominator)
    if np.isfinite([*c, *b]).all():
        return ratio_of_means(c, b)
    return Estimate(np.nan, np.nan, np.nan, len(c), "none")


def _runs(comparison: Comparison, arm: str, target: float) -> dict[int, tuple[Run, Crossing]]:
    return {r.seed: (r, crossing(r.evals, target)) for r in comparison.of(arm) if len(r.evals)}


def _cost(begun: tuple[Run, Crossing] | None, seed: int, axis: str, horizon: float) -> Cost:
    if begun is None:  # planned or failed before its first evaluation: anything is possible
        return Cost(seed, 0.0, np.nan, horizon if axis == "steps" else np.inf, False)
    return cost(*begun, axis, horizon)


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else float("nan")
