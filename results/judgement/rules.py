"""The rules of the verdict: when there is none, and which of three it is otherwise."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

import numpy as np

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.matched import UNIT, Matched
from srpo_bench.results.progress import ENDED
from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, estimate
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.race import MARGIN, MIN_PAIRS, MIN_REACHED, Race
from srpo_bench.results.statistics.steps import Gain
from srpo_bench.results.text import describe, pairs_told, points, signed, some, span

Verdict = Literal["supported", "refuted", "inconclusive", "no-verdict"]
Outcome = Literal[
    "fewer steps", "more steps", "equivalent", "not distinguishable", "not finished", "not judged"
]
EQUIVALENT = 0.1
"""Ratios of steps whose whole interval lies within so much of 1 are equivalent."""


@dataclass(frozen=True)
class Ruling:
    """A verdict and why, in one sentence."""

    verdict: Verdict
    reason: str


def no_pairs(comparison: Comparison, arms: Set[str], proof: Matched, vouched: bool) -> str:
    """Why arms cannot be judged at all, whatever is measured; empty when they can."""
    if unfit := unmatched(proof, vouched):
        return unfit
    runs = [r for r in comparison.runs if r.arm in arms]
    unfinished = [r.name for r in runs if r.state not in ENDED]
    if unfinished:
        verb = "is" if len(unfinished) == 1 else "are"
        return f"{len(unfinished)} of {len(runs)} runs {verb} not finished ({some(unfinished)})"
    return ""


def unmatched(proof: Matched, vouched: bool) -> str:
    """Why runs are not those of one comparison, finished or not; empty when they are."""
    if not proof and not vouched:
        return f"the runs are {proof.sentence}"
    if units := proof.differing.get(UNIT):
        return (
            f"a step is one {units[0]} in some runs and one {units[1]} in others, so steps cannot "
            "be compared, whatever is vouched for; import them in one unit (--updates-of ARM=N)"
        )
    if proof.copies:
        return (
            f"runs of one arm are copies of each other under several seeds ({some(proof.copies)})"
        )
    return ""


def too_few(n: int) -> str:
    """Why so many pairs give no verdict; empty when they suffice."""
    if n >= MIN_PAIRS:
        return ""
    return f"{pairs_told(n)}, and a verdict needs at least {MIN_PAIRS}"


def no_target(contrast: Contrast, gained: Gain, room: Headroom | None) -> str:
    """Why steps to target say nothing here; empty when they do."""
    if gained.start > 0:
        return (
            f"no evaluation at step 0: the baseline's first is at step {gained.start:g}, so its "
            "base accuracy, and with it the gain, is not known"
        )
    if not gained.size > 0:
        return f"the baseline gained nothing ({signed(gained.size)} points)"
    if (estimate := mean(gained.by_seed, floor=gained.error)).low <= 0:
        return (
            f"the baseline's gain of {100 * estimate.value:.1f} points is not told apart from none "
            f"(95 % interval {span(estimate, signed)})"
        )
    if contrast.target <= gained.base or (contrast.n and np.isnan(contrast.baseline_steps)):
        return (
            f"the target of {100 * contrast.target:.1f} % is not above the base's "
            f"{100 * gained.base:.1f} %"
        )
    if not contrast.baseline_share >= MIN_REACHED:
        open_runs = sum(name.startswith(f"{contrast.baseline}/") for name in contrast.open_pairs)
        unknown = f" ({open_runs} of them absent or not finished)" if open_runs else ""
        return (
            f"the baseline reached the target in {100 * contrast.baseline_share:.0f} % of its "
            f"seeds{unknown}, and {100 * MIN_REACHED:.0f} % are needed"
        )
    if contrast.steps is not None and contrast.steps.race.collapsed[1]:
        return "the baseline collapses: its smoothed curve ends well below its best"
    return room.lacking if room else ""


def judge(contrast: Contrast, axis: str, threshold: float) -> Ruling:
    """Is the ratio on an axis at most a threshold?

    Refuted where it is settled that it is not. Supported where it is settled that it is, and the
    challenger keeps what it reaches: its runs arrive, it does not fall back, and it ends as high.
    """
    cell = contrast.axes[axis]
    measured = f"the ratio of {axis} is {describe(cell.ratio)}"
    measured += f" ({contrast.bound})" if contrast.bound else ""
    side, doubt = settled(contrast, cell, threshold)
    if side < 0:
        doubt = next(filter(None, (_lost(contrast, r) for r in _all(cell))), "")
    if doubt:
        return Ruling("inconclusive", f"{measured}{doubt}")
    if contrast.open_pairs:
        measured += f", whatever the runs that are missing would have given ({_missing(contrast)})"
    if side < 0:
        return Ruling("supported", f"{measured}: the whole interval is at most {threshold:g}")
    return Ruling("refuted", f"{measured}: the whole interval is above {threshold:g}")


def looked_before(contrast: Contrast) -> str:
    """That pairs were added after a look, and by what rule they are judged; empty if none were."""
    if contrast.first_look is None:
        return ""
    return (
        f"{contrast.first_look} pairs had been looked at before seeds were added: intervals and "
        f"verdict are by the rule for a further look (nominal p below {contrast.alpha:.2g})"
    )


def settled(contrast: Contrast, cell: AxisContrast, threshold: float) -> tuple[int, str]:
    """On which side of a threshold a ratio lies, −1 or 1, and nothing; or 0, and why not.

    Both estimators say it, over all pairs and, as far as they can, over those that arrived; and so
    they do with the runs that are missing at either extreme.
    """
    every, side = (int(x.side(threshold)) for x in (cell.race.speed, cell.race))
    if not every:
        return 0, _across(contrast, cell.race, threshold)
    if not side:
        arrived = estimate(cell.race.among_arrived)
        return 0, (
            f", but not among the {arrived.n} pairs in which both arms arrived "
            f"({describe(arrived)})"
        )
    if any(int(race.side(threshold)) != side for race in _all(cell)):
        return 0, f", but it hangs on runs that are missing ({_missing(contrast)})"
    return side, ""


def told_apart(contrast: Contrast, p: float) -> Outcome:
    """Do two arms need different steps? By the rule of ``judge`` against equal steps, with ``p``
    that of equal steps after whatever adjustment its family asks for."""
    cell = contrast.steps
    if cell is None or not cell.ratio.n or contrast.n < MIN_PAIRS:
        return "not judged"
    side, _ = settled(contrast, cell, 1.0)
    if side and p < contrast.alpha:
        return "fewer steps" if side < 0 else "more steps"
    spans = [(cell.ratio.low, cell.ratio.high)]
    spans += [(float(x.speed.low), float(x.speed.high)) for x in cell.extremes or ()]
    near = all(low >= 1 / (1 + EQUIVALENT) and high <= 1 + EQUIVALENT for low, high in spans)
    return "equivalent" if near else "not distinguishable"


def _all(cell: AxisContrast) -> tuple[Race, ...]:
    return (cell.race, *(cell.extremes or ()))


def _across(contrast: Contrast, race: Race, threshold: float) -> str:
    """Why the interval holds a threshold; where the two estimators point apart, what parts them."""
    first, second = (x.side(threshold) for x in (race.speed.crossing, race.speed.inversion))
    if first * second >= 0:
        return f": the interval holds {threshold:g}"
    c = contrast.challenger
    if race.collapsed[0]:
        why = f"{c} reaches the target and does not keep it: it collapses"
    elif race.reach[0] < 1:
        ours = race.arrived[0]
        why = f"{len(ours) - int(ours.sum())} of {len(ours)} runs of {c} never arrive"
    else:
        why = f"{c} hovers about the target"
    return f", but its two estimates part: {why}"


def _lost(contrast: Contrast, race: Race) -> str:
    """What was not kept that a support asks for; empty when all was."""
    c, n = contrast.challenger, len(race.arrived[0])
    if race.collapsed[0]:
        return f", but {c} collapses: its smoothed curve ends well below its best"
    if not race.reach[0] >= MIN_REACHED:
        return (
            f", but only {int(race.arrived[0].sum())} of {n} runs of {c} arrive, and "
            f"{100 * MIN_REACHED:.0f} % are needed"
        )
    if not race.as_good:
        gap = mean(race.final, floor=float(race.error))
        return (
            f", but {c} is not shown to be as good at the end: {points(gap)} against a margin of "
            f"{100 * MARGIN * float(race.gain.mean()):.1f}, a tenth of the baseline's gain"
        )
    return ""


def _missing(contrast: Contrast) -> str:
    return some(contrast.open_pairs)
