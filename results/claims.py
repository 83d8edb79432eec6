"""What a comparison says about each claim."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from results import scores
from results.claim import Claim, Equivalence, NonInferiority, Ratio, Superiority, load
from results.contrast import Contrast, contrast
from results.inference import Estimate, equivalence, mean, noninferiority, sign_flip
from results.matched import Matched, matched
from results.runs import Array, Comparison, ResultsError, Run, read
from results.steps import Gain, gain
from results.verdict import (
    ROOM,
    Headroom,
    Ruling,
    Verdict,
    describe,
    finite,
    headroom,
    judge,
    no_pairs,
    no_target,
    too_few,
)

__all__ = ["ClaimVerdict", "Judge", "load", "name_arms", "verify"]


@dataclass(frozen=True)
class ClaimVerdict:
    """What a comparison says about a claim. ratio and interval: of cost for a ratio claim."""

    id: str
    claim: str
    verdict: Verdict
    reason: str
    measured: str
    ratio: float | None
    difference: float | None
    """Of accuracy, as a fraction, for claims about scores."""
    interval: tuple[float | None, float | None] | None
    p: float | None
    n: int
    baseline: str
    challenger: str
    sanity: list[str]
    scale: str

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def verify(
    folder: Path,
    claim_ids: Sequence[str] = (),
    baseline: str | None = None,
    challenger: str | None = None,
    vouch_unmatched: bool = False,
    claim_files: Iterable[Path] = (),
) -> list[ClaimVerdict]:
    """Test claims on a comparison directory.

    Args:
        folder: the comparison.
        claim_ids: which; none means all.
        baseline: arm; by default the plan's, or grpo.
        challenger: arm; by default every other one.
        vouch_unmatched: the user vouches for what the manifests cannot prove.
        claim_files: the user's own claims.
    """
    known = load(claim_files)
    ids = [c.id for c in known]
    for wanted in claim_ids:
        if wanted not in ids:
            near = difflib.get_close_matches(wanted, ids, 1, 0)
            raise ResultsError(f"There is no claim '{wanted}'; did you mean '{near[0]}'?")
    comparison = read(folder)
    baseline, challenger = (_as_named(comparison, arm) for arm in (baseline, challenger))
    chosen = [c for c in known if not claim_ids or c.id in claim_ids]
    return [
        verdict
        for pair in _pairs(comparison, baseline, challenger)
        for verdict in Judge(comparison, *pair, vouch_unmatched).all(chosen)
    ]


def _pairs(
    comparison: Comparison, baseline: str | None, challenger: str | None
) -> list[tuple[str, str]]:
    """(challenger, baseline): one pair where arms are named or two, else every challenger."""
    known = baseline or next(
        (a for a in (comparison.plan.get("baseline"), "grpo") if a in comparison.arms), None
    )
    if challenger is None and known in comparison.arms and len(comparison.arms) > 2:
        return [(arm, known) for arm in comparison.arms if arm != known]
    return [name_arms(comparison, baseline, challenger)]


def _as_named(comparison: Comparison, arm: str | None) -> str | None:
    """The arm as the comparison spells it, whatever its case."""
    same = (a for a in comparison.arms if arm is not None and a.casefold() == arm.casefold())
    return arm if arm in comparison.arms else next(same, arm)


def name_arms(
    comparison: Comparison, baseline: str | None, challenger: str | None
) -> tuple[str, str]:
    """(challenger, baseline), named or unambiguous."""
    arms = comparison.arms
    for name in (baseline, challenger):
        if name is not None and name not in arms:
            raise ResultsError(f"There is no arm '{name}' here; there are {', '.join(arms)}.")
    if baseline is None:
        others = [a for a in arms if a != challenger]
        sure = challenger is not None or len(arms) == 2
        known = (a for a in (comparison.plan.get("baseline"), "grpo") if a in others and sure)
        baseline = next(known, others[0] if challenger and len(others) == 1 else None)
    rest = [a for a in arms if a != baseline]
    if challenger is None and len(rest) == 1:
        challenger = rest[0]
    if baseline is None or challenger is None:
        raise ResultsError(
            f"Name --baseline and --challenger; the arms here are {', '.join(arms)}."
        )
    if baseline == challenger:
        raise ResultsError(f"'{baseline}' cannot be compared with itself; name two arms.")
    return challenger, baseline


@dataclass(frozen=True)
class Finding:
    """A test's outcome before it is put into words for a reader."""

    ruling: Ruling
    ratio: Estimate | None = None
    difference: Estimate | None = None
    p: float = float("nan")


class Judge:
    """Tests claims on one pair of arms; what all claims share is computed once."""

    def __init__(
        self, comparison: Comparison, challenger: str, baseline: str, vouched: bool = False
    ) -> None:
        self.comparison, self.challenger, self.baseline = comparison, challenger, baseline
        self.vouched = vouched or bool(comparison.plan.get("vouched_matched"))

    @cached_property
    def matched(self) -> Matched:
        """Are the two arms' runs matched?"""
        return matched(self._runs)

    @cached_property
    def gain(self) -> Gain:
        """The baseline's gain, which fixes the target before the challenger is read."""
        return gain(self.comparison.of(self.baseline))

    @cached_property
    def contrast(self) -> Contrast:
        """Costs at the target."""
        return contrast(self.comparison, self.challenger, self.baseline, self.gain.level())

    @cached_property
    def headroom(self) -> Headroom:
        """Could it have come out either way?"""
        return headroom(self.comparison, self.contrast)

    @property
    def _runs(self) -> list[Run]:
        return self.comparison.of(self.baseline) + self.comparison.of(self.challenger)

    def all(self, claims: Iterable[Claim]) -> list[ClaimVerdict]:
        """A verdict for each."""
        return [self.one(claim) for claim in claims]

    def one(self, claim: Claim) -> ClaimVerdict:
        """A claim's verdict, with whatever could be measured even where there is none."""
        found = self._test(claim)
        arms = {self.challenger, self.baseline, getattr(claim.test, "comparator", self.baseline)}
        blocked = no_pairs(self.comparison, arms, self.matched, self.vouched)
        blocked = blocked or self._wrong_base(claim)
        ruling = Ruling("no-verdict", blocked) if blocked else self._vouched_for(claim, found)
        estimate = found.ratio or found.difference
        told = estimate is not None and np.isfinite(estimate.value)
        return ClaimVerdict(
            id=claim.id,
            claim=claim.claim,
            verdict=ruling.verdict,
            reason=ruling.reason,
            measured=_measured(found) if told else "not measured here",
            ratio=finite(found.ratio.value) if found.ratio else None,
            difference=finite(found.difference.value) if found.difference else None,
            interval=(finite(estimate.low), finite(estimate.high))
            if estimate and estimate.has_interval
            else None,
            p=finite(found.p),
            n=estimate.n if estimate else 0,
            baseline=self.baseline,
            challenger=self.challenger,
            sanity=claim.sanity,
            scale=claim.scale,
        )

    def _test(self, claim: Claim) -> Finding:
        try:
            match claim.test:
                case Ratio():
                    return self._ratio(claim.test)
                case NonInferiority():
                    return self._noninferiority(claim.test)
                case Equivalence() | Superiority():
                    return self._scores(claim.test)
        except ResultsError as error:
            return Finding(Ruling("no-verdict", str(error)))

    def _ratio(self, test: Ratio) -> Finding:
        found = self.contrast
        cell = found.axes.get(test.axis)
        if cell is None:
            return Finding(Ruling("no-verdict", f"not every run records its {test.axis}"))
        room = replace(self.headroom, share=min(ROOM, test.threshold))
        blocked = too_few(found.n) or no_target(found, self.gain, room)
        if blocked:
            ruling = Ruling("no-verdict", blocked)
        else:
            ruling = judge(found, test.axis, test.threshold)
        p = cell.p_against(test.threshold) if found.n else float("nan")
        return Finding(ruling, ratio=cell.ratio, p=p)

    def _noninferiority(self, test: NonInferiority) -> Finding:
        pairs = scores.pairs(self.comparison, self.challenger, self.baseline)
        early = test.budget * self.comparison.horizon
        d = np.array([scores.at_step(c, early) - scores.at_end(b) for c, b in pairs])
        result = noninferiority(d, test.margin)
        what = (
            f"at step {early:g} {self.challenger} lies {_points(result.difference)} from "
            f"{self.baseline}'s accuracy at the end"
        )
        room = replace(self.headroom, share=min(ROOM, test.budget))
        blocked = too_few(len(d)) or no_target(self.contrast, self.gain, room)
        return _ruled(what, result.difference, -test.margin, np.inf, result.p, blocked)

    def _scores(self, test: Equivalence | Superiority) -> Finding:
        pairs = scores.pairs(self.comparison, self.challenger, test.comparator)
        if not pairs:
            return Finding(Ruling("no-verdict", f"there are no runs of {test.comparator} here"))
        d = np.array([self._score(c, test.tasks) - self._score(b, test.tasks) for c, b in pairs])
        if np.isnan(d).any():
            names = ", ".join(test.tasks)
            return Finding(Ruling("no-verdict", f"not every run was scored on {names}"))
        what = f"{self.challenger} less {test.comparator}: "
        blocked = too_few(len(d))
        if isinstance(test, Equivalence):
            result = equivalence(d, test.margin)
            wide = result.difference
            return _ruled(what + _points(wide), wide, -test.margin, test.margin, result.p, blocked)
        wide = mean(d)
        return _ruled(what + _points(wide), wide, 0.0, np.inf, sign_flip(d), blocked)

    def _vouched_for(self, claim: Claim, found: Finding) -> Ruling:
        """The ruling; where it rests on the user's word, it says so."""
        if self.matched or found.ruling.verdict == "no-verdict":
            return found.ruling
        what = "that the runs are matched"
        if isinstance(claim.test, Ratio | NonInferiority) and self.headroom.epoch is None:
            what += ", and that an epoch, whose length is unknown, left headroom"
        reason = f"{found.ruling.reason}; vouched for, not proved: {what}"
        return Ruling(found.ruling.verdict, reason)

    @staticmethod
    def _score(run: Run, tasks: Sequence[str]) -> float:
        values: Array = np.array([scores.benchmark(run, task) for task in tasks])
        if np.isnan(values).any():
            values = np.array([scores.at_end(run, task) for task in tasks])
        return float(values.mean())

    def _wrong_base(self, claim: Claim) -> str:
        base = str((self._runs[0].manifest.get("base") or {}).get("path") or "an unknown model")
        if claim.base is None or claim.base.lower() in base.lower():
            return ""
        return f"the claim speaks of {claim.base}; these runs start from {Path(base).name}"


def _ruled(
    what: str, estimate: Estimate, low: float, high: float, p: float, blocked: str
) -> Finding:
    """Supported when the interval lies within (low, high), refuted when wholly outside."""
    if blocked:
        return Finding(Ruling("no-verdict", blocked), difference=estimate, p=p)
    if not estimate.has_interval:
        return Finding(Ruling("no-verdict", "there is no interval"), difference=estimate, p=p)
    if low < estimate.low and estimate.high < high:
        ruling = Ruling("supported", what)
    elif estimate.high < low or estimate.low > high:
        ruling = Ruling("refuted", what)
    else:
        ruling = Ruling("inconclusive", f"{what}; the interval does not settle it")
    return Finding(ruling, difference=estimate, p=p)


def _points(estimate: Estimate) -> str:
    """A difference of accuracies in points, with its interval."""
    if not estimate.has_interval:
        return f"{100 * estimate.value:+.1f} points (no interval)"
    return (
        f"{100 * estimate.value:+.1f} points "
        f"({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"
    )


def _measured(found: Finding) -> str:
    if found.ratio is not None:
        return f"ratio {describe(found.ratio)}"
    assert found.difference is not None
    return _points(found.difference)
