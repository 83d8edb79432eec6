"""Are the verdict's intervals what they say? Simulated comparisons with a known truth.

    python -m benchmarks.calibration [--simulations 1000] [--bca]

Each simulation is a whole comparison: learning curves whose times to target are lognormal and
correlated within a seed, evaluated at a cadence with sampling noise, cut at a budget. They pass
through the same code as real runs: gain, target, confirmed crossing, contrast, verdict.

Printed per setting: how often the 95 % interval of the ratio of restricted mean steps covers the
truth (nominal 95), and how often `steps-90` was called supported or refuted. The last line is the
worst coverage, as `ratio X`.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from srpo_bench.results.judgement.rules import Verdict, headroom, judge, no_target, too_few
from srpo_bench.results.runs import Array, Comparison, Evals, Run
from srpo_bench.results.statistics.contrast import Contrast, contrast
from srpo_bench.results.statistics.inference import bca_ratio
from srpo_bench.results.statistics.steps import Gain, gain

TIME = 200.0
"""The baseline's median steps to target."""
BASE, GAIN = 0.2, 0.7
PLATEAU = 2.5
"""Budget of settings without censoring, in multiples of the slower arm's median."""


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    ratio: float
    """True ratio of times to target, challenger over baseline, the same in distribution."""
    seeds: int
    censored: float = 0.0
    """Share of the slower arm's runs that do not reach the target within the budget."""
    noise: float = 0.01
    """Standard error of an evaluation, as a fraction."""
    spread: float = 0.15
    """Standard deviation of log time between seeds."""
    shared: float = 0.3
    """Correlation of log times within a seed."""
    every: int = 5

    @property
    def budget(self) -> float:
        """Steps; with censoring, the quantile of the slower arm that leaves that share out."""
        slower = TIME * max(self.ratio, 1.0)
        if self.censored == 0:
            steps = PLATEAU * slower
        else:
            steps = slower * np.exp(self.spread * norm.ppf(1 - self.censored))
        return float(self.every * round(steps / self.every))

    @property
    def truth(self) -> float:
        """Ratio of restricted mean times, in closed form for the lognormal."""
        return self._restricted(self.ratio) / self._restricted(1.0)

    def _restricted(self, ratio: float) -> float:
        s, z = self.spread, np.log(self.budget / (TIME * ratio)) / self.spread
        mean = TIME * ratio * np.exp(s**2 / 2) * norm.cdf(z - s)
        return float(mean + self.budget * norm.cdf(-z))


@dataclass(frozen=True)
class Outcome:
    """What one simulated comparison came to."""

    contrast: Contrast
    verdict: Verdict


def simulate(setting: Setting, rng: np.random.Generator) -> Outcome:
    """One comparison, drawn and judged as a real one would be.

    The target is estimated from the baseline where its runs reach their plateau, and is the named
    level where the budget cuts them before.
    """
    comparison = _comparison(setting, rng)
    level: Gain = gain(comparison.of("base"))
    target = level.level() if setting.censored == 0 else BASE + 0.9 * GAIN
    found = contrast(comparison, "new", "base", target, ("steps",))
    blocked = too_few(found.n) or no_target(found, level, headroom(comparison, found))
    return Outcome(found, "no-verdict" if blocked else judge(found, "steps", 0.1).verdict)


def covers(setting: Setting, outcome: Outcome) -> bool:
    """Does the interval hold the truth?"""
    ratio = outcome.contrast.axes["steps"].ratio
    return ratio.low <= setting.truth <= ratio.high


def _comparison(setting: Setting, rng: np.random.Generator) -> Comparison:
    grid = np.arange(0, setting.budget + setting.every / 2, setting.every, dtype=float)
    common = rng.standard_normal(setting.seeds)
    runs = []
    for arm, ratio in (("base", 1.0), ("new", setting.ratio)):
        own = rng.standard_normal(setting.seeds)
        z = np.sqrt(setting.shared) * common + np.sqrt(1 - setting.shared) * own
        time = TIME * ratio * np.exp(setting.spread * z)
        learned = 1 - 0.1 ** ((grid / time[:, None]) ** 1.5)  # 90 % at the run's time
        accuracy = BASE + GAIN * learned + setting.noise * rng.standard_normal(learned.shape)
        runs += [_run(arm, seed, grid, accuracy[seed]) for seed in range(setting.seeds)]
    plan = {"arms": [{"arm": "base"}, {"arm": "new"}], "contract": {"steps": setting.budget}}
    return Comparison(Path(), plan, tuple(runs))


def _run(arm: str, seed: int, grid: Array, accuracy: Array) -> Run:
    evals = Evals(grid, accuracy, np.zeros_like(grid), {}, {"steps": grid})
    return Run(Path(), arm, seed, "done", "", {}, evals, np.zeros(0), {}, {}, {})


def settings() -> Iterator[Setting]:
    """The published table."""
    for ratio, censored, seeds in itertools.product(
        (0.1, 0.5, 1.0, 2.0), (0.0, 0.2, 0.4, 0.6), (5, 8, 12, 20)
    ):
        yield Setting(ratio, seeds, censored)
    for ratio, seeds in itertools.product((0.1, 1.0), (8, 20)):
        for noise, spread, every in ((0.0, 0.15, 5), (0.02, 0.15, 5), (0.01, 0.4, 5)):
            yield Setting(ratio, seeds, noise=noise, spread=spread, every=every)
    for ratio in (0.05, 0.2):
        yield Setting(ratio, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000, metavar="N", help="a setting")
    parser.add_argument("--bca", action="store_true", help="also the BCa bootstrap (slow)")
    options = parser.parse_args()
    columns = ["ratio", "truth", "seeds", "censored", "noise", "spread", "covers %"]
    columns += ["too low %", "too high %", "supported %", "refuted %"] + ["BCa %"] * options.bca
    print("  ".join(f"{c:>11}" for c in columns))
    worst = 1.0
    for number, setting in enumerate(settings()):
        rng = np.random.default_rng([20250414, number])
        outcomes = [simulate(setting, rng) for _ in range(options.simulations)]
        ratios = [o.contrast.axes["steps"].ratio for o in outcomes]
        cells = [setting.ratio, setting.truth, setting.seeds, setting.censored, setting.noise]
        cells += [setting.spread, _percent(covers(setting, o) for o in outcomes)]
        cells += [_percent(r.high < setting.truth for r in ratios)]
        cells += [_percent(r.low > setting.truth for r in ratios)]
        for verdict in ("supported", "refuted"):
            cells.append(_percent(o.verdict == verdict for o in outcomes))
        if options.bca:
            cells.append(_percent(_bca_covers(setting, o) for o in outcomes))
        print("  ".join(f"{c:>11.4g}" for c in cells), flush=True)
        worst = min(worst, cells[6] / 100)
    print(f"ratio {worst:.3f}")


def _percent(hits: Iterable[bool]) -> float:
    return 100 * float(np.mean(list(hits)))


def _bca_covers(setting: Setting, outcome: Outcome) -> bool:
    cell = outcome.contrast.axes["steps"]
    found = bca_ratio(cell.challenger, cell.baseline)
    return found.low <= setting.truth <= found.high


if __name__ == "__main__":
    main()
