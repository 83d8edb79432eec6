"""The rules of the verdict: when there is none, and which of three it is otherwise."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.progress import ENDED
from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast
from srpo_bench.results.statistics.inference import Estimate, mean
from srpo_bench.results.statistics.steps import Gain
from srpo_bench.results.text import describe, some

Verdict = Literal["supported", "refuted", "inconclusive", "no-verdict"]
Outcome = Literal["fewer steps", "more steps", "not distinguishable", "not finished"]

MIN_PAIRS = 8
"""Five pairs give no exact p below 0.05; eight leave room for one that goes the other way."""
MIN_REACHED = 0.8
"""Share of the baseline's seeds that must reach the target."""
ROOM = 0.1
"""An epoch and the first two evaluations must lie within this share of the baseline's steps."""

Side = Literal["below", "above", "across"]
"""Of a threshold: a whole interval, or neither."""


@dataclass(frozen=True)
class Ruling:
    """A verdict and why, in one sentence."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Headroom:
    """Could the comparison have come out either way?"""

    epoch: float | None
    """Steps of one pass over the prompt pool; None: unknown."""
    second_evaluation: float
    """Step of the second evaluation after step 0; NaN: there is none."""
    baseline_steps: float
    """The baseline's restricted mean steps to target."""
    share: float = ROOM
    """Of those, what the claim leaves the challenger, if that is less than a tenth."""

    @property
    def limit(self) -> float:
        """The steps within which both must lie."""
        return self.share * self.baseline_steps

    @property
    def lacking(self) -> str:
        """What is too late, in words; empty when there was room."""
        late = []
        if self.epoch is not None and self.epoch > self.limit:
            late.append(f"one epoch takes {self.epoch:g} steps")
        if not self.second_evaluation <= self.limit:
            late.append(f"the second evaluation is at step {self.second_evaluation:g}")
        if not late:
            return ""
        return (
            f"no headroom: {' and '.join(late)}, later than {100 * self.share:.3g} % "
            f"({self.limit:.3g}) of the baseline's {self.baseline_steps:.3g} steps to target"
        )


def headroom(comparison: Comparison, contrast: Contrast) -> Headroom:
    """What the comparison allowed, measured at the contrast's target."""
    contract = comparison.contract
    pool, batch = contract.get("pool_size"), contract.get("prompts_per_step")
    seconds = [
        float(r.evals.step[r.evals.step > 0][1])
        for r in comparison.runs
        if r.arm in (contrast.baseline, contrast.challenger) and (r.evals.step > 0).sum() > 1
    ]
    baseline = contrast.axes["steps"].baseline
    return Headroom(
        epoch=pool / batch if pool and batch else None,
        second_evaluation=max(seconds, default=float("nan")),
        baseline_steps=float(baseline.mean()) if len(baseline) else float("nan"),
    )


def no_pairs(comparison: Comparison, arms: Set[str], proof: Matched, vouched: bool) -> str:
    """Why arms cannot be judged at all, whatever is measured; empty when they can."""
    runs = [r for r in comparison.runs if r.arm in arms]
    if not proof and not vouched:
        return f"the runs are {proof.sentence}"
    unfinished = [r.name for r in runs if r.state not in ENDED]
    if unfinished:
        return f"{len(unfinished)} of {len(runs)} runs are not finished ({some(unfinished)})"
    return ""


def too_few(n: int) -> str:
    """Whether the pairs suffice for a verdict; empty when they do."""
    if n >= MIN_PAIRS:
        return ""
    return f"{n} complete seed pair{'s' * (n != 1)}, and a verdict needs at least {MIN_PAIRS}"


def no_target(contrast: Contrast, gained: Gain | None, room: Headroom) -> str:
    """Why steps to target say nothing here; empty when they do."""
    if gained is not None and gained.start > 0:
        return (
            f"no evaluation at step 0: the baseline's first is at step {gained.start:g}, so its "
            "base accuracy, and with it the gain, is not known"
        )
    if gained is not None and not gained.size > 0:
        return f"the baseline gained nothing ({100 * gained.size:+.1f} points)"
    if gained is not None and (told := mean(gained.by_seed)).low <= 0:
        return (
            f"the baseline's gain of {100 * told.value:.1f} points is not told apart from none "
            f"(95 % interval {100 * told.low:+.1f} to {100 * told.high:+.1f})"
        )
    if gained is not None and contrast.target <= gained.base:
        return (
            f"the target of {100 * contrast.target:.1f} % is not above the base's "
            f"{100 * gained.base:.1f} %"
        )
    if not contrast.baseline_share >= MIN_REACHED:
        return (
            f"the baseline reached the target in {100 * contrast.baseline_share:.0f} % of its "
            f"seeds, and {100 * MIN_REACHED:.0f} % are needed"
        )
    return room.lacking


def judge(contrast: Contrast, axis: str, threshold: float) -> Ruling:
    """Is the ratio on an axis at most a threshold?

    The whole 95 % interval must lie on one side *and* the exact sign-flip test of that threshold
    must agree (p < 0.05; pairs that are all alike need no test). Both sides of what is not known
    are tried: runs that are missing at either extreme of their cost, and every crossing at either
    of the two evaluations around it. A verdict that hangs on them is none.
    """
    if axis not in contrast.axes:
        return Ruling("no-verdict", f"not every run records its {axis}")
    cell = contrast.axes[axis]
    what = f"the ratio of {axis} is {describe(cell.ratio)}"
    side = _side(cell.ratio, threshold)
    if side == "across":
        held = f": the interval holds {threshold:g}" if cell.ratio.has_interval else ""
        return Ruling("inconclusive", f"{what}{held}")
    doubt = _doubt(contrast, cell, threshold, side)
    if doubt:
        return Ruling("inconclusive", f"{what}, but {doubt}")
    what += f" ({contrast.bound})" if contrast.bound else ""
    if contrast.open_pairs:
        what += f", whatever the runs that are missing would have given ({_missing(contrast)})"
    if side == "below":
        return Ruling("supported", f"{what}: the whole interval is at most {threshold:g}")
    return Ruling("refuted", f"{what}: the whole interval is above {threshold:g}")


def _doubt(contrast: Contrast, cell: AxisContrast, threshold: float, side: Side) -> str:
    """What could put a ratio on the other side of a threshold; empty when nothing does."""
    worst = 1 if side == "below" else 0
    if cell.extremes and _side(cell.extremes[worst], threshold) != side:
        return f"it hangs on runs that are missing ({_missing(contrast)})"
    if _side(cell.bounds[worst], threshold) != side:
        return "it hangs on where between two evaluations the runs crossed; evaluate more often"
    p = cell.p_against(threshold)
    if p < 0.05 or cell.ratio.method == "no spread":
        return ""
    return f"the sign-flip test disagrees (p = {p:.3f})"


def told_apart(contrast: Contrast, p: float) -> Outcome:
    """Do two arms need different steps? By the rule of ``judge`` against equal steps, with ``p``
    that of the sign-flip test after whatever adjustment its family asks for."""
    cell = contrast.axes["steps"]
    sides = {_side(e, 1.0) for e in (cell.ratio, *(cell.extremes or ()))}
    if not p < 0.05 or sides not in ({"below"}, {"above"}):
        return "not distinguishable"
    return "fewer steps" if sides == {"below"} else "more steps"


def _side(ratio: Estimate, threshold: float) -> Side:
    threshold *= 1 + 1e-9  # ratios round: 0.1 of a number is not above 0.1
    if not ratio.has_interval:
        return "across"
    if ratio.high <= threshold:
        return "below"
    return "above" if ratio.low > threshold else "across"


def _missing(contrast: Contrast) -> str:
    return some(contrast.open_pairs)
