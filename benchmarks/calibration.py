"""Are verdicts as rarely false, and intervals as wide, as they say? Comparisons of a known truth.

    python -m benchmarks.calibration [--half A|B] [--only NAME] [--quantile Q] [--keep FILE]
                                     [--simulations N]

A simulation draws whole learning curves of two arms: times to 90 % of the gain that vary by seed
and are correlated within it, evaluated at a cadence with sampling noise, up to a budget. The curves
pass through ``results.statistics.race``, the very lines that judge real runs. Families bend one
thing at a time: small evaluation sets, low gain, plateaus, autocorrelation, heavy tails,
stragglers, failures, collapse, cadence, budget; and comparisons that are extended until they are
settled, whose later looks are read by ``results.statistics.sequential``.

Printed for each family, number of pairs and true ratio: the median estimate, how often the printed
interval holds the truth, its median width (upper end over lower), and verdicts on the claim
"at most 0.1" (for a true ratio of 1: on "equal", so that any is false). Half A chose the quantile
and the bound of a collapse, half B confirms them. ``--keep FILE`` holds finished cells, so that a
run that was cut off goes on; docs/calibration.jsonl is such a file, and docs/statistics.md says
what it holds. The last line is the worst coverage, as ``ratio X``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.statistics import sequential
from srpo_bench.results.statistics.race import Race, race
from srpo_bench.results.statistics.speed import QUANTILE, Curves

CHUNK = 250
FALSE = 0.025
"""The most that a false verdict may come out, beside the simulation's own error."""
Scored = Literal["coverage", "verdict"]
Half = Literal["A", "B"]


@dataclass(frozen=True)
class Family:
    """How comparisons of one kind are drawn. Steps are training steps, accuracies fractions."""

    name: str
    half: Half
    time: float = 200.0
    """The baseline's median steps to 90 % of its gain."""
    evaluated: tuple[float, ...] = tuple(np.arange(0, 501, 5.0))
    base: float = 0.2
    gain: float = 0.45
    noise: float = 0.012
    """Standard deviation of one evaluation."""
    answers: int = 0
    """An evaluation is k of this many right; 0: normal noise instead."""
    known: bool = True
    """Does the record say its sampling error?"""
    spread: float = 0.2
    """Standard deviation of log time between seeds."""
    shared: float = 0.3
    """Correlation of log times within a seed."""
    tails: float = 0.0
    """Student's degrees of freedom of log time; 0: normal."""
    stragglers: float = 0.0
    """Share of runs that take three times as long."""
    shape: float = 1.5
    plateau: float = 0.0
    """Standard deviation of the accuracy that runs end at."""
    lower: float = 0.0
    """What the challenger's plateau lacks."""
    memory: float = 0.0
    """Correlation of one evaluation's noise with the next one's."""
    fails: tuple[float, float] = (0.0, 0.0)
    """Share of the challenger's and of the baseline's runs that never learn."""
    collapses: tuple[bool, bool] = (False, False)
    """Does every run of the arm lose half of its gain over the last fifth of the budget?"""
    looks: tuple[int, ...] = ()
    """Pairs at each look: seeds are added until the claim is settled, or to the last of them."""

    @property
    def scored(self) -> Scored:
        """Failures and collapse have no one true ratio: their verdicts are scored."""
        return "verdict" if any(self.fails) or any(self.collapses) else "coverage"


MICRO = (*range(9), *range(12, 65, 4))
LOOKS = (8, 10, 12, 16, 20, 24, 32)
UNEVEN = (0, 2, 4, 7, 9, 14, 18, 22, 31, 40, 44, 60, 90, 95, 130, 170, 180, 230, 300, 310, 420, 500)
LOW: tuple[tuple[float, float, Half], ...] = (
    *((0.02, 0.005, "A"), (0.02, 0.015, "B"), (0.03, 0.015, "A"), (0.05, 0.015, "B")),
    *((0.05, 0.03, "A"), (0.1, 0.012, "A"), (0.1, 0.03, "B"), (0.1, 0.1, "A")),
    *((0.3, 0.03, "B"), (0.3, 0.1, "A"), (0.7, 0.03, "A"), (0.7, 0.1, "B")),
)
FAMILIES = (
    Family("clean", "A"),
    Family("24 answers", "A", answers=24),
    Family("96 answers", "B", answers=96),
    Family("24 answers, error unknown", "B", answers=24, known=False),
    Family("plateaus ± 6 points", "A", plateau=0.06),
    Family("plateaus ± 3 points", "B", plateau=0.03),
    Family("challenger ends 2 points lower", "A", lower=0.02),
    Family("challenger ends 4 points lower", "B", lower=0.04),
    Family("t3 tails", "A", tails=3, spread=0.5),
    Family("stragglers", "B", stragglers=0.1),
    Family("AR(1) noise, 0.9", "B", memory=0.9),
    Family("another shape", "A", shape=0.9),
    Family("uneven evaluations", "A", evaluated=UNEVEN),
    Family("coarse evaluations", "B", evaluated=tuple(np.arange(0, 501, 10.0))),
    Family("micro schedule", "B", time=34, evaluated=MICRO, noise=0.014),
    Family("budget of ten baselines", "A", evaluated=(*range(0, 500, 5), *range(500, 2001, 100))),
    Family("pairs alike (0.98)", "B", shared=0.98),
    *(
        Family(f"gain {gain:g}, noise {noise:g}", half, gain=gain, noise=noise)
        for gain, noise, half in LOW
    ),
    Family("one challenger in ten fails", "A", fails=(0.1, 0.0)),
    Family("one challenger in twenty fails", "B", fails=(0.05, 0.0)),
    Family("one baseline in ten fails", "B", fails=(0.0, 0.1)),
    Family("one baseline in twenty fails", "A", fails=(0.0, 0.05)),
    Family("the challenger collapses", "A", collapses=(True, False)),
    Family("the baseline collapses", "B", collapses=(False, True)),
    Family("extended", "A", looks=LOOKS),
    Family("extended: plateaus ± 6 points", "A", looks=LOOKS, plateau=0.06),
    Family("extended: 96 answers", "B", looks=LOOKS, answers=96),
    Family("extended: t3 tails", "B", looks=LOOKS, tails=3, spread=0.5),
    Family("extended: micro schedule", "B", looks=LOOKS, time=34, evaluated=MICRO, noise=0.014),
)


@dataclass(frozen=True)
class Cell:
    """One line of the table."""

    family: Family
    pairs: int
    ratio: float
    simulations: int

    @property
    def key(self) -> str:
        """What a kept line is found by."""
        return f"{self.family.name}; {self.pairs} pairs; {self.ratio:g}; {self.simulations}"

    @property
    def threshold(self) -> float:
        """What the ratio is held against."""
        return 1.0 if self.ratio == 1 else 0.1


def cells(simulations: int) -> Iterator[Cell]:
    """The published table: on and beside the threshold, equal arms, and clear cases."""
    for family in FAMILIES:
        if family.looks:
            for ratio in (0.1, 1.0):
                yield Cell(family, family.looks[-1], ratio, max(1, simulations // 2))
            continue
        low = family.name.startswith("gain")
        for pairs in (8, 20) if low else (8, 10, 20):
            for ratio in (0.09, 0.1, 0.11, 1.0):
                yield Cell(family, pairs, ratio, simulations)
            for ratio in (0.05, 0.08, 0.12, 0.15, 0.2):
                yield Cell(family, pairs, ratio, max(1, simulations // 8))


def draw(cell: Cell, rng: np.random.Generator, many: int) -> tuple[Curves, Curves]:
    """(challenger, baseline), each of (many, n, K)."""
    f, shape = cell.family, (many, cell.pairs)
    step = np.array(f.evaluated, dtype=float)
    common = rng.standard_normal(shape)
    arms = []
    for arm, ratio in enumerate((cell.ratio, 1.0)):
        own = rng.standard_normal(shape) if not f.tails else rng.standard_t(f.tails, shape)
        z = np.sqrt(f.shared) * common + np.sqrt(1 - f.shared) * own
        times = f.time * ratio * np.exp(f.spread * z)
        times *= np.where(rng.random(shape) < f.stragglers, 3.0, 1.0)
        gain = f.gain - (f.lower if arm == 0 else 0.0) + f.plateau * rng.standard_normal(shape)
        gain = np.where(rng.random(shape) < f.fails[arm], 0.0, gain)
        truth = f.base + gain[..., None] * learned(step / times[..., None], f.shape)
        if f.collapses[arm]:
            late = np.clip((step / step[-1] - 0.8) / 0.2, 0, 1)
            truth = truth - 0.5 * gain[..., None] * late
        arms.append(_measured(f, truth, rng))
    return arms[0], arms[1]


def learned(u: Array, shape: float) -> Array:
    """Share of the gain that is reached at u; 90 % at 1."""
    gains: Array = 1 - 0.1 ** (u**shape)
    return gains


def _measured(f: Family, truth: Array, rng: np.random.Generator) -> Curves:
    step = np.array(f.evaluated, dtype=float)
    if f.answers:
        p = np.clip(truth, 0, 1)
        error = float((p * (1 - p)).mean() / f.answers) if f.known else 0.0
        return Curves(step, rng.binomial(f.answers, p) / f.answers, None, error)
    noise = rng.standard_normal(truth.shape)
    for k in range(1, truth.shape[-1] if f.memory else 0):
        fresh = np.sqrt(1 - f.memory**2) * noise[..., k]
        noise[..., k] = f.memory * noise[..., k - 1] + fresh
    return Curves(step, truth + f.noise * noise, None, f.noise**2 if f.known else 0.0)


def truth(cell: Cell) -> float:
    """The ratio of where the arms' noise-free mean curves over all seeds reach the target."""
    f = cell.family
    if not f.lower:
        return cell.ratio
    clean = Cell(replace(f, noise=0.0, plateau=0.0), 4000, cell.ratio, 1)
    ours, theirs = draw(clean, np.random.default_rng(0), 1)
    speed = race(ours, theirs).speed
    return float(speed.ratio[0])


def run(cell: Cell, quantile: float = QUANTILE) -> dict[str, Any]:
    """A cell's line: shares of simulations, and medians."""
    rng = np.random.default_rng([20250414, *cell.key.encode()])
    counts = [min(CHUNK, cell.simulations - i) for i in range(0, cell.simulations, CHUNK)]
    parts = [_followed(cell, draw(cell, rng, many), quantile) for many in counts]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    real = truth(cell)
    width = np.where(rows["low"] > 0, rows["high"] / np.maximum(rows["low"], 1e-12), np.inf)
    line = {
        "cell": cell.key,
        "family": cell.family.name,
        "half": cell.family.half,
        "scored": cell.family.scored,
        "pairs": cell.pairs,
        "ratio": cell.ratio,
        "truth": real,
        "simulations": cell.simulations,
        "estimate": float(np.median(rows["ratio"])),
        "covers": float(np.mean((rows["low"] <= real) & (real <= rows["high"]))),
        "width": float(np.median(width)),
    }
    shares = ("supported", "refuted", "no_verdict", "below", "above")
    return line | {name: float(np.mean(rows[name])) for name in shares}


def _followed(cell: Cell, arms: tuple[Curves, Curves], at: float) -> dict[str, NDArray[Any]]:
    """Judged once; or, in a family that is extended, at every look until a verdict settles it."""
    looks = cell.family.looks or (cell.pairs,)
    verdicts: dict[str, NDArray[Any]] = {}
    for n in looks:
        some = [replace(arm, accuracy=arm.accuracy[:, :n]) for arm in arms]
        level = at if n == looks[0] else sequential.quantile(n, looks[0])
        now = _judged(cell, race(some[0], some[1], quantile=level))
        if not verdicts:
            verdicts = now
            continue
        ends = ("below", "above") if cell.threshold == 1 else ("supported", "refuted")
        going_on = ~(verdicts[ends[0]] | verdicts[ends[1]])
        verdicts = {name: np.where(going_on, now[name], old) for name, old in verdicts.items()}
    return verdicts


def _judged(cell: Cell, raced: Race) -> dict[str, NDArray[Any]]:
    side, readable = raced.side(cell.threshold), raced.readable
    return {
        "ratio": raced.speed.ratio,
        "low": raced.speed.low,
        "high": raced.speed.high,
        "supported": readable & (side < 0) & raced.kept,
        "refuted": readable & (side > 0),
        "no_verdict": ~readable,
        "below": readable & (side < 0),
        "above": readable & (side > 0),
    }


def false(line: dict[str, Any]) -> float:
    """The share of false verdicts of a line: on the wrong side of the threshold, on either at 1;
    supported where the challenger did not keep what it reached."""
    if line["truth"] == 1:
        return float(line["below"] + line["above"])
    if line["family"] == "the challenger collapses":
        return float(line["supported"])
    if line["ratio"] == 1:  # held against 1, not the claim, and not equal
        return float(line["below"])
    wrong = 0.0
    if line["truth"] <= 0.1 * (1 + 1e-9):
        wrong = max(wrong, float(line["refuted"]))
    if line["truth"] >= 0.1 * (1 - 1e-9):
        wrong = max(wrong, float(line["supported"]))
    return wrong


def allowed(line: dict[str, Any]) -> float:
    """The most false verdicts that a line may show: 2.5 % (5 % told apart at 1) and three
    Monte-Carlo errors."""
    nominal = 2 * FALSE if line["truth"] == 1 else FALSE
    return float(nominal + 3 * np.sqrt(nominal * (1 - nominal) / line["simulations"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=4000, metavar="N", help="at the claim")
    parser.add_argument("--half", choices=("A", "B"), help="only these families")
    parser.add_argument("--only", default="", metavar="NAME", help="families of this name")
    parser.add_argument("--quantile", type=float, default=QUANTILE)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="JSON lines of finished cells")
    options = parser.parse_args()
    kept = {}
    if options.keep and options.keep.exists():
        kept = {v["cell"]: v for v in map(json.loads, options.keep.read_text().splitlines())}
    columns = ("pairs", "true ratio", "estimate", "covers %", "width", "supported %", "refuted %")
    print(
        "  ".join([f"{'family':32}", *(f"{c:>11}" for c in (*columns, "no verdict %", "false %"))])
    )
    worst, missed = 1.0, []
    for cell in cells(options.simulations):
        if options.half not in (None, cell.family.half) or options.only not in cell.key:
            continue
        line = kept.get(cell.key) or run(cell, options.quantile)
        if options.keep and cell.key not in kept:
            with options.keep.open("a") as f:
                f.write(json.dumps(line) + "\n")
        print(_row(line), flush=True)
        if line["scored"] == "coverage":
            worst = min(worst, line["covers"])
        if false(line) > allowed(line) or (line["scored"] == "coverage" and line["covers"] < 0.92):
            missed.append(line["cell"])
    print("\n".join(["", "cells that miss a threshold:", *(missed or ["none"])]))
    print(f"ratio {worst:.3f}")


def _row(line: dict[str, Any]) -> str:
    covers = 100 * line["covers"] if line["scored"] == "coverage" else float("nan")
    numbers = [line["pairs"], line["truth"], line["estimate"], covers, line["width"]]
    numbers += [100 * line[k] for k in ("supported", "refuted", "no_verdict")]
    numbers.append(100 * false(line))
    return "  ".join([f"{line['family']:32}", *(f"{x:>11.3g}" for x in numbers)])


if __name__ == "__main__":
    main()
