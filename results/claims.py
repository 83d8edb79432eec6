"""What a comparison says about each claim."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from results import scores
from results.claim import Claim, Equivalence, NonInferiority, Ratio, Superiority, load
from results.contrast import Contrast, contrast
from results.inference import Estimate, equivalence, mean, noninferiority, sign_flip
from results.matched import Matched, matched
from results.runs import Array, Comparison, ResultsError, Run, read
from results.scores import Differences
from results.steps import Gain, gain
from results.targets import Standing, Target, checked, targets
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
    some,
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
    target: float | None
    """The accuracy that steps are counted to, a fraction; null for claims about scores."""
    standing: Standing
    """decides | named beforehand | exploratory; see ``results.targets``."""
    confidence: float
    """Of the interval: 0.95, and 0.90 for equivalence (two one-sided tests at 5 %)."""

    @property
    def label(self) -> str:
        """The claim, and the target if it is not the one that decides."""
        if self.standing == "decides" or self.target is None:
            return self.id
        return f"{self.id} at {100 * self.target:g} %"

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"label": self.label}


def verify(
    folder: Path,
    claim_ids: Sequence[str] = (),
    baseline: str | None = None,
    challenger: str | None = None,
    vouch_unmatched: bool = False,
    claim_files: Iterable[Path] = (),
    asked: Sequence[float] = (),
) -> list[ClaimVerdict]:
    """Test claims on a comparison directory.

    Args:
        folder: the comparison.
        claim_ids: which; none means all.
        baseline: arm; by default the plan's, or grpo.
        challenger: arm; by default every other one.
        vouch_unmatched: the user vouches for what the manifests cannot prove.
        claim_files: the user's own claims.
        asked: accuracies to reach, besides those of the plan; exploratory.
    """
    known = load(claim_files)
    ids = [c.id for c in known]
    for wanted in claim_ids:
        if wanted not in ids:
            near = difflib.get_close_matches(wanted, ids, 1, 0)
            raise ResultsError(f"There is no claim '{wanted}'; did you mean '{near[0]}'?")
    asked = [checked(level) for level in asked]
    comparison = read(folder)
    baseline, challenger = (_as_named(comparison, arm) for arm in (baseline, challenger))
    chosen = [c for c in known if not claim_ids or c.id in claim_ids]
    return [
        verdict
        for pair in _pairs(comparison, baseline, challenger)
        for verdict in Judge(comparison, *pair, vouch_unmatched, asked).all(chosen)
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
    target: float = float("nan")


class Judge:
    """Tests claims on one pair of arms; what all claims share is computed once."""

    def __init__(
        self,
        comparison: Comparison,
        challenger: str,
        baseline: str,
        vouched: bool = False,
        asked: Sequence[float] = (),
    ) -> None:
        self.comparison, self.challenger, self.baseline = comparison, challenger, baseline
        self.asked = asked
        self.vouched = vouched or bool(comparison.plan.get("vouched_matched"))

    @cached_property
    def matched(self) -> Matched:
        """Are the two arms' runs matched?"""
        return matched(self._runs(self.baseline))

    @cached_property
    def gain(self) -> Gain:
        """The baseline's gain, which fixes the target before the challenger is read."""
        return gain(self.comparison.of(self.baseline))

    @cached_property
    def targets(self) -> list[Target]:
        """Accuracies to reach, the one that decides first."""
        return targets(self.comparison, self.gain, self.asked)

    def at(self, level: float) -> Contrast:
        """Costs at an accuracy."""
        return contrast(self.comparison, self.challenger, self.baseline, level)

    @cached_property
    def contrast(self) -> Contrast:
        """Costs at the target that decides."""
        return self.at(self.targets[0].level)

    @cached_property
    def headroom(self) -> Headroom:
        """Could it have come out either way?"""
        return headroom(self.comparison, self.contrast)

    def _runs(self, other: str) -> list[Run]:
        return self.comparison.of(other) + self.comparison.of(self.challenger)

    def all(self, claims: Sequence[Claim]) -> list[ClaimVerdict]:
        """A verdict for each at the target that decides, then those at the others."""
        try:
            others = self.targets[1:]
        except ResultsError:  # no gain yet, as the verdicts themselves say
            others = []
        costs = [claim for claim in claims if isinstance(claim.test, Ratio)]
        return [
            *(self.one(claim) for claim in claims),
            *(self.one(claim, target) for target in others for claim in costs),
        ]

    def one(self, claim: Claim, target: Target | None = None) -> ClaimVerdict:
        """A claim's verdict, with whatever could be measured even where there is none.

        Args:
            claim: what is claimed.
            target: accuracy to reach, for claims about cost; None: the one that decides.
        """
        found = self._test(claim, target)
        other = getattr(claim.test, "comparator", self.baseline)
        proof = matched(self._runs(other))
        blocked = no_pairs(self.comparison, {self.challenger, other}, proof, self.vouched)
        blocked = blocked or self._wrong_base(claim)
        told = self._vouched_for(claim, found, proof)
        ruling = Ruling("no-verdict", blocked) if blocked else told
        estimate = found.ratio or found.difference
        measured = estimate is not None and np.isfinite(estimate.value)
        return ClaimVerdict(
            id=claim.id,
            claim=claim.claim,
            verdict=ruling.verdict,
            reason=ruling.reason,
            measured=_measured(found) if measured else "not measured here",
            ratio=finite(found.ratio.value) if found.ratio else None,
            difference=finite(found.difference.value) if found.difference else None,
            interval=(finite(estimate.low), finite(estimate.high))
            if estimate and estimate.has_interval
            else None,
            p=finite(found.p),
            n=estimate.n if estimate else 0,
            baseline=other if other in self.comparison.arms else self.baseline,
            challenger=self.challenger,
            sanity=claim.sanity,
            scale=claim.scale,
            target=finite(found.target),
            standing=target.standing if target else "decides",
            confidence=0.90 if isinstance(claim.test, Equivalence) else 0.95,
        )

    def _test(self, claim: Claim, target: Target | None) -> Finding:
        try:
            match claim.test:
                case Ratio():
                    return self._ratio(claim.test, target)
                case NonInferiority():
                    return self._noninferiority(claim.test)
                case Equivalence() | Superiority():
                    return self._scores(claim.test)
        except ResultsError as error:
            return Finding(Ruling("no-verdict", str(error)))

    def _ratio(self, test: Ratio, target: Target | None) -> Finding:
        found = self.at(target.level) if target else self.contrast
        cell = found.axes.get(test.axis)
        if cell is None:
            return Finding(Ruling("no-verdict", f"not every run records its {test.axis}"))
        room = replace(headroom(self.comparison, found), share=min(ROOM, test.threshold))
        blocked = too_few(found.n) or no_target(found, self.gain, room)
        if blocked:
            ruling = Ruling("no-verdict", blocked)
        else:
            ruling = judge(found, test.axis, test.threshold)
        if target and target.standing == "exploratory":
            said = f"{ruling.reason}; exploratory: this target was named after the runs were made"
            ruling = Ruling(ruling.verdict, said)
        p = cell.p_against(test.threshold) if found.n else float("nan")
        return Finding(ruling, ratio=cell.ratio, p=p, target=found.target)

    def _noninferiority(self, test: NonInferiority) -> Finding:
        early = test.budget * self.comparison.horizon
        d = scores.differences(
            self.comparison,
            (self.challenger, self.baseline),
            lambda run: scores.at_step(run, early),
            scores.finished,
        )
        usual = self.at(self.gain.level())
        room = replace(headroom(self.comparison, usual), share=min(ROOM, test.budget))
        blocked = too_few(len(d.known)) or no_target(usual, self.gain, room)
        result = noninferiority(d.known, test.margin)
        what = (
            f"at step {early:g} {self.challenger} lies {_points(result.difference)} from "
            f"{self.baseline}'s accuracy at the end"
        )
        return _ruled(what, d, mean, (-test.margin, np.inf), result.p, blocked)

    def _scores(self, test: Equivalence | Superiority) -> Finding:
        arms = (self.challenger, test.comparator)
        if self.challenger == test.comparator:
            said = f"{test.comparator} is what the claim compares with, not what it is made of"
            return Finding(Ruling("no-verdict", said))
        done = [r for r in self._runs(test.comparator) if r.state == "done"]
        if {r.arm for r in done} != set(arms):
            said = f"there are no finished runs of {test.comparator} here"
            return Finding(Ruling("no-verdict", said))
        score = scores.scorer(done, test.tasks)
        if np.isnan([score(run) for run in done]).any():
            names = ", ".join(test.tasks)
            return Finding(Ruling("no-verdict", f"not every run was scored on {names}"))
        told = {run.name: score(run) for run in done}
        d = scores.differences(
            self.comparison, arms, *2 * [lambda run: told.get(run.name, float("nan"))]
        )
        what, blocked = f"{self.challenger} less {test.comparator}: ", too_few(len(d.known))
        if isinstance(test, Equivalence):
            result, within = equivalence(d.known, test.margin), (-test.margin, test.margin)
            what += _points(result.difference)
            return _ruled(what, d, partial(mean, level=0.9), within, result.p, blocked)
        what += _points(mean(d.known))
        return _ruled(what, d, mean, (0.0, np.inf), sign_flip(d.known), blocked)

    def _vouched_for(self, claim: Claim, found: Finding, proof: Matched) -> Ruling:
        """The ruling; where it rests on the user's word, it says so."""
        if proof or found.ruling.verdict == "no-verdict":
            return found.ruling
        what = "that the runs are matched"
        if isinstance(claim.test, Ratio | NonInferiority) and self.headroom.epoch is None:
            what += ", and that an epoch, whose length is unknown, left headroom"
        reason = f"{found.ruling.reason}; vouched for, not proved: {what}"
        return Ruling(found.ruling.verdict, reason)

    def _wrong_base(self, claim: Claim) -> str:
        first = next(iter(self._runs(self.baseline)), None)
        told = first.manifest.get("base") if first else None
        base = str((told or {}).get("path") or "an unknown model")
        if claim.base is None or claim.base.lower() in base.lower():
            return ""
        return f"the claim speaks of {claim.base}; these runs start from {Path(base).name}"


def _ruled(
    what: str,
    d: Differences,
    interval: Callable[[Array], Estimate],
    within: tuple[float, float],
    p: float,
    blocked: str,
) -> Finding:
    """Supported when the interval lies within the bounds, refuted when wholly outside, also with
    what is missing counted either way."""
    estimate = interval(d.known)
    if blocked:
        return Finding(Ruling("no-verdict", blocked), difference=estimate, p=p)
    if not estimate.has_interval:
        return Finding(Ruling("no-verdict", "there is no interval"), difference=estimate, p=p)
    sides = {_place(interval(x), within) for x in (d.known, d.least, d.most)}
    if sides == {"inside"}:
        ruling = Ruling("supported", what)
    elif sides in ({"below"}, {"above"}):
        ruling = Ruling("refuted", what)
    elif _place(estimate, within) == "across":
        ruling = Ruling("inconclusive", f"{what}; the interval does not settle it")
    else:
        said = f"{what}, but it hangs on runs that are missing ({some(d.missing)})"
        ruling = Ruling("inconclusive", said)
    return Finding(ruling, difference=estimate, p=p)


def _place(estimate: Estimate, within: tuple[float, float]) -> str:
    low, high = within
    if low < estimate.low and estimate.high < high:
        return "inside"
    if estimate.high < low:
        return "below"
    return "above" if estimate.low > high else "across"


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
