"""How many more seeds would settle a claim, if the arms are as they were measured so far.

The measured pairs are drawn again, with replacement, to comparisons of more pairs, and each is
judged by the rule that would judge it: that of a further look, since these runs have been looked
at. So what is simulated has the spread, the curves and the failures of what was measured; and where
the measured ratio is off, so is the answer, which says nothing about how far that may be. Pairs
drawn twice spread a little less than new ones: the share settled is a little high where few pairs
were measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from srpo_bench.results.judgement.claims import Claim, Ratio
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.statistics.contrast import paired_curves
from srpo_bench.results.statistics.race import MIN_PAIRS, Race, race
from srpo_bench.results.statistics.sequential import quantile
from srpo_bench.results.store import ResultsError
from srpo_bench.results.text import pairs_told

LIKELY = 0.8
"""Share of simulated comparisons that a number of pairs must settle."""
SIMULATIONS = 400
ENOUGH = 3
"""Pairs that have a spread worth drawing from."""
NEAR = "the measured ratio lies too near to the claim's"
FURTHEST = 8
"""Times the pairs there are, beyond which nobody is advised to go."""


@dataclass(frozen=True)
class Power:
    """What more pairs would do for one claim on one challenger."""

    challenger: str
    baseline: str
    claim: str
    pairs: int
    """That are there."""
    settled: dict[int, float]
    """pairs in all -> share of simulated comparisons that a verdict settles."""
    needed: int | None
    """The fewest pairs that settle it in 80 % of them, those that are there where they do by
    themselves; None: not within those tried."""
    towards: str
    """supported or refuted: what those verdicts are; empty where none is needed that was tried."""
    lacking: str = ""
    """Why no number of further seeds is named; empty where one is."""

    @property
    def sentence(self) -> str:
        """The answer."""
        head = f"{self.claim}, {self.challenger} against {self.baseline}: "
        if not self.settled:
            return f"{head}{self.lacking}"
        if self.needed is None:
            most = max(self.settled)
            return (
                f"{head}not settled by {most} pairs either ({100 * self.settled[most]:.0f} % of "
                f"simulated comparisons): {self.lacking}"
            )
        share = 100 * self.settled[self.needed]
        more = self.needed - self.pairs
        return (
            f"{head}{more} more seed{'s' * (more != 1)} ({self.needed} pairs) would settle it, "
            f"{self.towards}, in {share:.0f} % of comparisons like this one"
        )

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"sentence": self.sentence}


def power(judge: Judge, claim: Claim, rng: np.random.Generator) -> Power:
    """Simulate a claim about a ratio on more pairs.

    Raises:
        ResultsError: the claim is about something else.
    """
    if not isinstance(claim.test, Ratio):
        raise ResultsError(
            f"{claim.id} is not about a ratio of cost; bench power knows only those."
        )
    contrast = judge.contrast
    found = Power(judge.challenger, judge.baseline, claim.id, contrast.n, {}, None, "")
    verdict = judge.verdict_on(claim).verdict
    if verdict in ("supported", "refuted"):
        said = f"settled by the {pairs_told(contrast.n)} that there are: {verdict}"
        return replace(found, needed=contrast.n, towards=verdict, lacking=said)
    if contrast.n < ENOUGH:
        verb = "says" if contrast.n == 1 else "say"
        few = f"{pairs_told(contrast.n)} {verb} too little about the spread of pairs"
        return replace(found, lacking=f"{few}: at least {ENOUGH} are needed")
    none = np.isnan(contrast.baseline_steps)
    if barred := (judge.unread if none else "") or judge.barred(claim.test):
        return replace(found, lacking=f"no number of seeds settles it: {barred}")
    arms = paired_curves(judge.comparison, contrast, claim.test.axis)
    assert arms is not None  # else the axis had barred it
    seen = contrast.first_look or (contrast.n if contrast.n >= MIN_PAIRS else None)
    settled: dict[int, float] = {}
    side = 0.0
    for pairs in _tried(contrast.n):
        drawn = rng.integers(contrast.n, size=(SIMULATIONS, pairs))
        at = quantile(pairs, seen)
        simulated = [arm.drawn(drawn) for arm in arms]
        again = race(simulated[0], simulated[1], judge.targets[0].goal, at)
        shares = _shares(again, claim.test.threshold)
        settled[pairs] = math.fsum(shares)
        if settled[pairs] >= LIKELY:
            side = shares[1] - shares[0]
            break
    last = max(settled)
    if settled[last] < LIKELY:
        return replace(found, settled=settled, lacking=judge.unread or NEAR)
    return replace(
        found, settled=settled, needed=last, towards="supported" if side > 0 else "refuted"
    )


def _tried(n: int) -> Sequence[int]:
    """Pairs in all, each about an eighth more than the one before."""
    counts, most = [max(n + 1, MIN_PAIRS)], FURTHEST * max(n, MIN_PAIRS)
    while counts[-1] < most:
        counts.append(min(most, round(1.125 * counts[-1])))  # of eight and more, one at least
    return counts


def _shares(race: Race, threshold: float) -> tuple[float, float]:
    """Shares of simulated comparisons that come out refuted and supported."""
    side = np.where(race.readable, race.side(threshold), 0)
    return float((side > 0).mean()), float(((side < 0) & race.kept).mean())
