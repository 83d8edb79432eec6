"""What a comparison says about each claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from srpo_bench.results.judgement.arms import pairs
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import Claim, find, load
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.targets import checked
from srpo_bench.results.runs import read


def verify(
    folder: Path,
    claim_ids: Sequence[str] = (),
    baseline: str | None = None,
    challenger: str | None = None,
    vouched: bool = False,
    claim_files: Iterable[Path] = (),
    exploratory: Sequence[float] = (),
) -> list[ClaimVerdict]:
    """Test claims on a comparison directory.

    Args:
        folder: the comparison.
        claim_ids: which; none means all.
        baseline: arm; by default the plan's, or grpo.
        challenger: arm; by default every other one.
        vouched: the user vouches for what the manifests cannot prove.
        claim_files: the user's own claims.
        exploratory: accuracies to reach, besides those of the plan; exploratory.
    """
    chosen = wanted_claims(claim_ids, claim_files)
    judging = judges(folder, baseline, challenger, vouched, exploratory)
    return [verdict for judge in judging for verdict in judge.all(chosen)]


def wanted_claims(claim_ids: Sequence[str], claim_files: Iterable[Path]) -> list[Claim]:
    """The claims of these ids, or all there are."""
    claims = load(claim_files)
    return [find(claims, wanted) for wanted in dict.fromkeys(claim_ids)] or claims


def judges(
    folder: Path,
    baseline: str | None = None,
    challenger: str | None = None,
    vouched: bool = False,
    exploratory: Sequence[float] = (),
) -> list[Judge]:
    """A judge of every pair of arms that ``verify`` would look at."""
    exploratory = [checked(level) for level in exploratory]
    comparison = read(folder)
    named = [arm and comparison.spelled(arm) for arm in (baseline, challenger)]
    found = pairs(comparison, *named)
    return [Judge(comparison, *pair, vouched, exploratory) for pair in found]
