"""As accurate at a share of the baseline's steps as the baseline at its end?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from srpo_bench.results.judgement.claims import NonInferiority
from srpo_bench.results.judgement.finding import Finding, ruled
from srpo_bench.results.judgement.rules import Ruling, too_few
from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics import sampling, scores
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, paired_curves
from srpo_bench.results.statistics.inference import bounds, mean, noninferiority
from srpo_bench.results.statistics.race import SMOOTH
from srpo_bench.results.statistics.sequential import tail_of
from srpo_bench.results.statistics.speed import end
from srpo_bench.results.text import number, points


def test(comparison: Comparison, usual: Contrast, claim: NonInferiority, blocked: str) -> Finding:
    """Non-inferiority at a share of the baseline's own steps to its level, not of a budget that
    somebody chose: where the baseline itself passes there, the test proves nothing. Steps and gain
    are those of the pairs, as for the claims about cost: a seed of the baseline's that has no
    partner sets neither.

    Args:
        comparison: the runs. usual: the two arms at 90 % of the baseline's gain.
        claim: the share, and the margin as a share of the gain.
        blocked: why there is no verdict anyway; empty when there may be one.
    """
    if usual.steps is None:
        return Finding(Ruling("no-verdict", blocked))
    early = claim.share * usual.steps.baseline
    margin = claim.margin * float(usual.steps.race.gain.mean())
    if not margin > 0:
        return Finding(Ruling("no-verdict", blocked or "the baseline of the pairs gained nothing"))
    runs = [r for r in comparison.runs if r.arm in (usual.challenger, usual.baseline)]
    floor = 1.5 * sampling.variance(runs) / usual.n

    def at(arm: str) -> scores.Differences:
        return scores.differences(
            comparison, (arm, usual.baseline), lambda r: scores.at_step(r, early), scores.finished
        )

    d, own = at(usual.challenger), at(usual.baseline)
    blocked = blocked or too_few(len(d.complete))
    tail = tail_of(len(d.complete), usual.first_look)
    result = noninferiority(d.complete, margin, tail, floor)
    if not blocked and not noninferiority(-own.complete, -margin, floor=floor).established:
        blocked = (
            f"no assay sensitivity: {usual.baseline} itself is not shown to be inferior at step "
            f"{number(early)}, a {claim.share:g} of its own steps"
        )
    measured = (
        f"at step {number(early)} {usual.challenger} lies {points(result.difference)} from "
        f"{usual.baseline}'s accuracy at the end, margin {100 * margin:.1f}"
    )
    finding = ruled(
        measured,
        d,
        partial(mean, level=1 - 2 * tail, floor=floor),
        (-margin, np.inf),
        result.p,
        blocked,
    )
    finding = replace(finding, p_of=f"it lies {100 * margin:.1f} points below or more; one-sided")
    if finding.ruling.verdict != "supported":
        return finding
    later = _later(usual.steps, _falls_back(comparison, usual, early, margin, floor))
    if not later:
        return finding
    reason = f"{measured}, but {usual.challenger} {later}"
    return replace(finding, ruling=Ruling("inconclusive", reason))


def _later(steps: AxisContrast, falls: bool) -> str:
    """What becomes of a challenger that was as good early; empty where it stays so."""
    races = (steps.race, *(steps.extremes or ()))
    if any(race.collapsed[0] for race in races):
        return "collapses later"
    if falls:
        return "falls back from it"
    return "" if all(race.as_good for race in races) else "is not shown to stay as good"


def _falls_back(
    comparison: Comparison, usual: Contrast, early: float, margin: float, floor: float
) -> bool:
    """Is the challenger, smoothed, known to be inferior again at some time after a step?"""
    curves = paired_curves(comparison, usual, "steps")
    assert curves is not None  # the pairs that the contrast of steps was made of
    ours, theirs = curves[0].until(float(curves[1].step[-1])), curves[1]
    later = ours.accuracy[:, max(int(np.searchsorted(ours.step, early, side="right")) - 1, 0) :]
    windows = np.lib.stride_tricks.sliding_window_view(later, min(SMOOTH, later.shape[-1]), axis=-1)
    off = windows.mean(-1).T - end(theirs.accuracy)
    return bool((bounds(off, floor)[1] < -margin).any())
