"""What a pair of arms shows, whatever has been claimed: fewer steps, more, as many, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.rules import EQUIVALENT, Outcome, looked_before, told_apart
from srpo_bench.results.progress import progress
from srpo_bench.results.statistics.inference import holm, mean
from srpo_bench.results.store import ResultsError
from srpo_bench.results.text import SHORT, points, ratio


@dataclass(frozen=True)
class Neutral:
    """An outcome and a sentence with steps, cost and accuracy at the end in it."""

    challenger: str
    baseline: str
    outcome: Outcome
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """For summary.json and ``--json``."""
        return asdict(self)


def neutrals(judges: Sequence[Judge]) -> dict[str, Neutral]:
    """Challenger -> what its pair shows. Asked of several challengers, the question whether steps
    are equal is one family: their p values are Holm's."""
    adjusted = equal_steps(judges)
    family = sum(p == p for p in adjusted.values())
    return {
        judge.challenger: neutral(judge, adjusted[judge.challenger], family) for judge in judges
    }


def equal_steps(judges: Sequence[Judge]) -> dict[str, float]:
    """Challenger -> p of equal steps, Holm's over all of them; NaN: not measured."""
    adjusted = holm(np.array([_p(judge) for judge in judges]))
    return {judge.challenger: float(p) for judge, p in zip(judges, adjusted, strict=True)}


def _p(judge: Judge) -> float:
    try:
        cell = judge.contrast.steps
    except ResultsError:
        return float("nan")
    return cell.p if cell else float("nan")


def neutral(judge: Judge, p: float, family: int) -> Neutral:
    """One pair of arms at the target that decides.

    Args:
        judge: of the pair.
        p: of equal steps, adjusted for the family.
        family: how many challengers could be asked.
    """
    ours, theirs = judge.challenger, judge.baseline
    try:
        blocked, contrast = judge.blocked, judge.contrast
    except ResultsError as error:
        return Neutral(ours, theirs, "not judged", f"{ours} against {theirs}: {error}")
    runs = [r for r in judge.comparison.runs if r.arm in (ours, theirs)]
    outcome: Outcome = "not finished" if not progress(runs).over else "not judged"
    if not blocked and contrast.steps:
        outcome = told_apart(contrast, p)
    words = f"equivalent within {100 * EQUIVALENT:g} %" if outcome == "equivalent" else outcome
    sentence = f"{ours} against {theirs}: {words}"
    if not blocked and family > 1:
        sentence += f" (Holm over {family} challengers)"
    sentence += f" ({blocked})" if blocked else judge.on_word
    if contrast.steps:
        end = mean(contrast.steps.race.final, floor=float(contrast.steps.race.error))
        cost = [
            f"{SHORT.get(axis, axis)} {ratio(contrast.axes[axis].ratio)}"
            for axis in ("steps", "responses", "flops", "seconds")
            if axis in contrast.axes and contrast.axes[axis].ratio.n
        ]
        sentence += f". Relative cost to target: {', '.join(cost)}" if cost else ""
        sentence += f" ({contrast.bound})" if contrast.bound else ""
        if end.n:
            sentence += f". Accuracy at the end: {points(end)}"
        for more in (judge.starving.own_doing, looked_before(contrast)):
            sentence += f". {more}" if more else ""
        sentence += refill(judge)
    return Neutral(ours, theirs, outcome, f"{sentence}.")


def refill(judge: Judge) -> str:
    """What a choice of prompts that is never wrong would give on these runs, as a sentence to
    follow others; empty where the records do not say.

    z̄ is the baseline's share of groups that were all correct, up to its crossing. It is no bound:
    progress need not be proportional to the groups that carry a gradient.
    """
    steps = judge.contrast.steps
    runs = [r for r in judge.comparison.of(judge.baseline) if len(r.steps)]
    if steps is None or not runs:
        return ""
    shares = [r.curves["all_correct"][r.steps <= steps.baseline] for r in runs]
    recorded = [s[s == s].mean() for s in shares if (s == s).any()]
    if not recorded:
        return ""
    least = 1 - float(sum(recorded)) / len(recorded)
    return (
        f". Perfect refilling would give {least:.2f} of {judge.baseline}'s steps if progress were "
        "proportional to mixed groups; where that is above a claim's ratio, a refutation is of "
        "what choosing prompts can reach on these runs, and not of the method elsewhere"
    )
