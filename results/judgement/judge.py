"""What one pair of arms says about each claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from srpo_bench.results.judgement.claims import (
    Claim,
    Equivalence,
    NonInferiority,
    Ratio,
    Superiority,
)
from srpo_bench.results.judgement.finding import Finding, measured, ruled
from srpo_bench.results.judgement.matched import Matched, matched
from srpo_bench.results.judgement.rules import (
    ROOM,
    Headroom,
    Ruling,
    Verdict,
    headroom,
    judge,
    no_pairs,
    no_target,
    too_few,
)
from srpo_bench.results.judgement.targets import Standing, Target, targets
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics import scores
from srpo_bench.results.statistics.contrast import Contrast, contrast
from srpo_bench.results.statistics.inference import equivalence, mean, noninferiority, sign_flip
from srpo_bench.results.statistics.steps import Gain, gain
from srpo_bench.results.store import ResultsError
from srpo_bench.results.text import finite, points


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
    """decides | named beforehand | exploratory; see ``srpo_bench.results.judgement.targets``."""
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
        known = estimate is not None and np.isfinite(estimate.value)
        return ClaimVerdict(
            id=claim.id,
            claim=claim.claim,
            verdict=ruling.verdict,
            reason=ruling.reason,
            measured=measured(found) if known else "not measured here",
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
            f"at step {early:g} {self.challenger} lies {points(result.difference)} from "
            f"{self.baseline}'s accuracy at the end"
        )
        return ruled(what, d, mean, (-test.margin, np.inf), result.p, blocked)

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
            what += points(result.difference)
            return ruled(what, d, partial(mean, level=0.9), within, result.p, blocked)
        what += points(mean(d.known))
        return ruled(what, d, mean, (0.0, np.inf), sign_flip(d.known), blocked)

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
