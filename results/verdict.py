"""The rules of the verdict: when there is none, and which of three it is otherwise."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.contrast import Contrast
from results.inference import Estimate
from results.matched import Matched
from results.progress import ENDED
from results.runs import Comparison
from results.steps import Gain

Verdict = Literal["supported", "refuted", "inconclusive", "no-verdict"]
Outcome = Literal["fewer steps", "more steps", "not distinguishable", "not finished"]

MIN_PAIRS = 8
"""Five pairs give no exact p below 0.05; eight leave room for one that goes the other way."""
MIN_REACHED = 0.8
"""Share of the baseline's seeds that must reach the target."""
ROOM = 0.1
"""An epoch and the first two evaluations must lie within this share of the baseline's steps."""


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

    @property
    def limit(self) -> float:
        """The steps within which both must lie."""
        return ROOM * self.baseline_steps

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
            f"no headroom: {' and '.join(late)}, later than a tenth ({self.limit:.3g}) of the "
            f"baseline's {self.baseline_steps:.3g} steps to target"
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
        return f"{len(unfinished)} of {len(runs)} runs are not finished ({_some(unfinished)})"
    return ""


def too_few(n: int) -> str:
    """Whether the pairs suffice for a verdict; empty when they do."""
    if n >= MIN_PAIRS:
        return ""
    return f"{n} complete seed pair{'s' * (n != 1)}, and a verdict needs at least {MIN_PAIRS}"


def no_target(contrast: Contrast, gained: Gain | None, room: Headroom) -> str:
    """Why steps to target say nothing here; empty when they do."""
    if gained is not None and not gained.size > 0:
        return f"the baseline gained nothing ({100 * gained.size:+.1f} points)"
    if not contrast.reached_baseline >= MIN_REACHED:
        return (
            f"the baseline reached the target in {100 * contrast.reached_baseline:.0f} % of its "
            f"seeds, and {100 * MIN_REACHED:.0f} % are needed"
        )
    return room.lacking


def judge(contrast: Contrast, axis: str, threshold: float) -> Ruling:
    """Is the ratio on an axis at most a threshold?

    The whole 95 % interval must lie on one side *and* the exact sign-flip test of that threshold
    must agree (p < 0.05); with open pairs, also when they are counted at either extreme.
    """
    if axis not in contrast.axes:
        return Ruling("no-verdict", f"not every run records its {axis}")
    cell = contrast.axes[axis]
    estimates = [cell.ratio, *(cell.extremes or ())]
    p = cell.p_against(threshold)
    what = f"the ratio of {axis} is {describe(cell.ratio)}"
    sides = {_side(e, threshold) for e in estimates}
    if sides == {"below"} and p < 0.05:
        return Ruling("supported", f"{what}: the whole interval is at most {threshold:g}")
    if sides == {"above"} and p < 0.05:
        return Ruling("refuted", f"{what}: the whole interval is above {threshold:g}")
    if _side(cell.ratio, threshold) == "across":
        return Ruling("inconclusive", f"{what}: the interval holds {threshold:g}")
    if len(sides) > 1:
        missing = _some(list(contrast.open_pairs))
        return Ruling("inconclusive", f"{what}, but it hangs on runs that are missing ({missing})")
    return Ruling("inconclusive", f"{what}, but the sign-flip test disagrees (p = {p:.3f})")


def told_apart(contrast: Contrast, p: float) -> Outcome:
    """Do two arms need different steps? By the rule of ``judge`` against equal steps, with ``p``
    that of the sign-flip test after whatever adjustment its family asks for."""
    cell = contrast.axes["steps"]
    sides = {_side(e, 1.0) for e in (cell.ratio, *(cell.extremes or ()))}
    if not p < 0.05 or sides not in ({"below"}, {"above"}):
        return "not distinguishable"
    return "fewer steps" if sides == {"below"} else "more steps"


def describe(ratio: Estimate) -> str:
    """``0.42, 95 % interval 0.35 to 0.51``."""
    if not ratio.has_interval:
        return f"{ratio.value:.3g}, no interval"
    return f"{ratio.value:.3g}, 95 % interval {ratio.low:.3g} to {ratio.high:.3g}"


def _side(ratio: Estimate, threshold: float) -> str:
    if not ratio.has_interval:
        return "across"
    if ratio.high <= threshold:
        return "below"
    return "above" if ratio.low > threshold else "across"


def _some(names: list[str], limit: int = 4) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def finite(value: float) -> float | None:
    """For JSON: NaN and infinities become null."""
    return float(value) if np.isfinite(value) else None
