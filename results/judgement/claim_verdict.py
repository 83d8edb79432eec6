"""What a comparison says about a claim, as it is shown and written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from srpo_bench.results.judgement.rules import Verdict
from srpo_bench.results.judgement.targets import Standing
from srpo_bench.results.statistics.contrast import Bound


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
    """An end is null where it is open."""
    p: float | None
    p_of: str
    """Of which null hypothesis, and how many sides; empty where there is no p."""
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
    own: bool
    """Is the claim about these two algorithms?"""
    here: bool
    """Can runs such as these judge it, once they are finished?"""
    bound: Bound | None = None
    """Which way the budget bounds the ratio; null: it does not."""
    units: dict[str, str] = field(default_factory=dict)
    """unit of a step -> a sentence with the verdict in it, for claims about steps."""

    @property
    def label(self) -> str:
        """The claim, and the target if it is not the one that decides."""
        if self.standing == "decides" or self.target is None:
            return self.id
        return f"{self.id} at {100 * self.target:g} %"

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"label": self.label}
