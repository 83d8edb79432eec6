"""What one pair of arms says about each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from srpo_bench.results.judgement import accuracy, scored
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import (
    Claim,
    Equivalence,
    NonInferiority,
    Ratio,
    Superiority,
)
from srpo_bench.results.judgement.counted import Counted, Told, others, sentences, unit_of
from srpo_bench.results.judgement.evaluated import unseen
from srpo_bench.results.judgement.finding import Finding, measured
from srpo_bench.results.judgement.headroom import ROOM, Headroom, effects, headroom
from srpo_bench.results.judgement.matched import Matched, matched
from srpo_bench.results.judgement.rules import (
    Ruling,
    judge,
    looked_before,
    no_pairs,
    no_target,
    too_few,
    unmatched,
)
from srpo_bench.results.judgement.starving import Starving, starved_from, starving
from srpo_bench.results.judgement.targets import Target, targets
from srpo_bench.results.judgement.vouched import by_word
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.contrast import Contrast, contrast
from srpo_bench.results.statistics.speed import Goal
from srpo_bench.results.statistics.steps import Gain, gain
from srpo_bench.results.store import ResultsError
from srpo_bench.results.text import finite

APART = "some runs end before others are first evaluated, so no curve is common to them"


class Judge:
    """Tests claims on one pair of arms; what all claims share is computed once."""

    def __init__(
        self,
        comparison: Comparison,
        challenger: str,
        baseline: str,
        vouched: bool = False,
        exploratory: Sequence[float] = (),
    ) -> None:
        self.comparison, self.challenger, self.baseline = comparison, challenger, baseline
        self.exploratory, self.vouched = exploratory, vouched or comparison.vouched

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
        return targets(self.comparison, self.gain, self.exploratory)

    def at(self, goal: Goal) -> Contrast:
        """Costs at an accuracy."""
        return contrast(self.comparison, self.challenger, self.baseline, goal)

    @cached_property
    def contrast(self) -> Contrast:
        """Costs at the target that decides."""
        return self.at(self.targets[0].goal)

    @cached_property
    def effects(self) -> Mapping[str, float | None]:
        """When what the challenger waits for happens; that reads every step of every run."""
        return effects(self.comparison, self.challenger, self.baseline)

    @cached_property
    def headroom(self) -> Headroom:
        """Could it have come out either way?"""
        return self._headroom(self.contrast)

    @cached_property
    def starved_from(self) -> float | None:
        """From which step the plan starves the challenger; inf: never, None: not known."""
        return starved_from(self.comparison, self.challenger, self.baseline)

    @cached_property
    def starving(self) -> Starving:
        """Did it have prompts to train on?"""
        return starving(self.comparison, self.contrast, self.starved_from)

    @cached_property
    def blocked(self) -> str:
        """Why steps to the target that decides say nothing here, whatever is asked of them; empty
        when they do. Headroom is a claim's own."""
        unable = no_pairs(
            self.comparison, {self.challenger, self.baseline}, self.matched, self.vouched
        )
        unable = unable or too_few(self.contrast.n) or self.unread
        return unable or unseen(self.comparison, self.contrast) or self.starving.lacking

    @cached_property
    def unread(self) -> str:
        """Why the baseline so far gives no steps to target; empty where it does."""
        return no_target(self.contrast, self.gain, None)

    @cached_property
    def on_word(self) -> str:
        """What steps to target rest on beside the records, as the end of a sentence; empty where
        the runs are proved matched."""
        if self.matched:
            return ""
        return by_word(self.comparison, self.matched, self.headroom.first is None)

    def barred(self, test: Ratio) -> str:
        """Why no number of seeds would bring a verdict on a ratio; empty where one may."""
        if unfit := unmatched(self.matched, self.vouched):
            return unfit
        if test.axis not in self.contrast.axes:
            return self._unrecorded(self.contrast, test.axis)
        room = self._headroom(self.contrast, test.threshold)
        return (
            (room.lacking if np.isfinite(room.baseline_steps) else "")
            or unseen(self.comparison, self.contrast, test.axis, test.threshold)
            or self.starving.lacking
        )

    def _unrecorded(self, pair: Contrast, axis: str) -> str:
        return f"not every run records its {axis}" if pair.axes else APART

    @cached_property
    def unit(self) -> Counted:
        """What a step of the two arms is."""
        return unit_of(self._runs(self.baseline))

    def _headroom(self, pair: Contrast, share: float = ROOM) -> Headroom:
        """The headroom that a claim of another share asks for."""
        return headroom(self.comparison, pair, self.effects, share)

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
            *(self.verdict_on(claim) for claim in claims),
            *(self.verdict_on(claim, target) for target in others for claim in costs),
        ]

    def verdict_on(self, claim: Claim, target: Target | None = None) -> ClaimVerdict:
        """A claim's verdict, with whatever could be measured even where there is none.

        Args:
            claim: what is claimed.
            target: accuracy to reach, for claims about cost; None: the one that decides.
        """
        finding = self._test(claim, target)
        other = self.comparison.spelled(getattr(claim.test, "comparator", self.baseline))
        proof = matched(self._runs(other))
        foreign = self._foreign(claim)
        impossible = foreign or self._wrong_base(claim)
        blocked = impossible or no_pairs(
            self.comparison, {self.challenger, other}, proof, self.vouched
        )
        judged = self._vouched_for(claim, finding, proof)
        ruling = Ruling("no-verdict", blocked) if blocked else judged
        units = {} if blocked else self._units(claim, target, ruling)
        estimate = finding.ratio or finding.difference
        is_measured = estimate is not None and np.isfinite(estimate.value)
        return ClaimVerdict(
            id=claim.id,
            claim=claim.claim,
            verdict=ruling.verdict,
            reason=ruling.reason + others(units, self.unit, ruling.verdict),
            measured=measured(finding) if is_measured else "not measured here",
            ratio=finite(finding.ratio.value) if finding.ratio else None,
            difference=finite(finding.difference.value) if finding.difference else None,
            interval=(finite(estimate.low), finite(estimate.high))
            if estimate and estimate.has_interval
            else None,
            p=finite(finding.p),
            p_of=finding.p_of if np.isfinite(finding.p) else "",
            n=estimate.n if estimate else 0,
            baseline=other if other in self.comparison.arms else self.baseline,
            challenger=self.challenger,
            sanity=claim.sanity,
            scale=claim.scale,
            target=finite(finding.target),
            standing=target.standing if target else "decides",
            confidence=0.90 if isinstance(claim.test, Equivalence) else 0.95,
            own=not foreign,
            here=not impossible,
            bound=finding.bound or None,
            units={unit: sentence for unit, (_, sentence) in units.items()},
        )

    def _test(self, claim: Claim, target: Target | None) -> Finding:
        try:
            match claim.test:
                case Ratio():
                    return self._ratio(claim.test.axis, claim.test.threshold, target)
                case NonInferiority():
                    usual = self.at(Goal())
                    if usual.n and not usual.axes:
                        return Finding(Ruling("no-verdict", APART))
                    room = self._headroom(usual, claim.test.share)
                    fed = starving(self.comparison, usual, self.starved_from)
                    blocked = no_target(usual, self.gain, room) if usual.n else too_few(0)
                    blocked = blocked or unseen(self.comparison, usual, share=claim.test.share)
                    blocked = blocked or fed.lacking
                    return accuracy.test(self.comparison, usual, claim.test, blocked)
                case Equivalence() | Superiority():
                    return scored.test(self.comparison, self.challenger, claim.test)
        except ResultsError as error:
            return Finding(Ruling("no-verdict", str(error)))

    def _ratio(self, axis: str, threshold: float, target: Target | None) -> Finding:
        pair = self.at(target.goal) if target else self.contrast
        cell = pair.axes.get(axis)
        if cell is None and pair.n:
            return Finding(Ruling("no-verdict", self._unrecorded(pair, axis)))
        room = self._headroom(pair, threshold)
        fed = starving(self.comparison, pair, self.starved_from)
        blocked = too_few(pair.n) or no_target(pair, self.gain, room)
        blocked = blocked or unseen(self.comparison, pair, axis, threshold) or fed.lacking
        ruling = Ruling("no-verdict", blocked) if blocked else judge(pair, axis, threshold)
        for more in (fed.own_doing, looked_before(pair)):
            if more and not blocked:
                ruling = Ruling(ruling.verdict, f"{ruling.reason}; {more}")
        if target and target.standing == "exploratory":
            reason = f"{ruling.reason}; exploratory: this target was named after the runs were made"
            ruling = Ruling(ruling.verdict, reason)
        return Finding(
            ruling,
            ratio=cell.ratio if cell else None,
            p=cell.p_against(threshold) if cell else float("nan"),
            p_of=f"the ratio is {threshold:g}; two-sided, the larger of both estimators'",
            target=pair.target,
            bound=cell.bound if cell else "",
        )

    def _units(self, claim: Claim, target: Target | None, ruling: Ruling) -> Told:
        """A claim about steps in each unit that a step may be: verdict, and a sentence."""
        if not (isinstance(claim.test, Ratio) and claim.counts_steps):
            return {}
        threshold = claim.test.threshold
        judged = partial(self._ratio, threshold=threshold, target=target)
        return sentences(self.unit, judged, ruling.verdict)

    def _vouched_for(self, claim: Claim, finding: Finding, proof: Matched) -> Ruling:
        """The ruling; where it rests on the user's word, it says so, and what is known to differ
        stays in it."""
        if proof or finding.ruling.verdict == "no-verdict":
            return finding.ruling
        epoch = isinstance(claim.test, Ratio | NonInferiority) and self.headroom.first is None
        more = by_word(self.comparison, proof, epoch)
        return Ruling(finding.ruling.verdict, f"{finding.ruling.reason}{more}")

    def is_about(self, claim: Claim) -> bool:
        """Whether a claim speaks of these two arms' methods."""
        return not self._foreign(claim)

    def _foreign(self, claim: Claim) -> str:
        """Which other methods the claim speaks of; empty when it is about these. A claim about a
        sampler is about any algorithm that is trained with it."""
        ours, theirs = (self.comparison.algorithms[a] for a in (self.challenger, self.baseline))
        named = {ours.casefold(), self.comparison.samplers.get(self.challenger, "").casefold()}
        if claim.algorithm and not named & {name.casefold() for name in claim.algorithm}:
            return f"the claim is about {' and '.join(claim.algorithm)}, not about {ours}"
        if isinstance(claim.test, Equivalence | Superiority):
            return ""  # these name their comparator themselves
        if claim.baseline and theirs.casefold() != claim.baseline.casefold():
            return f"the claim compares with {claim.baseline}, not with {theirs}"
        return ""

    def _wrong_base(self, claim: Claim) -> str:
        first = next(iter(self._runs(self.baseline)), None)
        base_record = first.manifest.get("base") if first else None
        base = str((base_record or {}).get("path") or "an unknown model")
        if claim.base is None or claim.base.lower() in base.lower():
            return ""
        return f"the claim speaks of {claim.base}; these runs start from {Path(base).name}"
