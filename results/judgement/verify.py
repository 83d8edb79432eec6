"""What a comparison says about each claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from srpo_bench.results.judgement.arms import as_named, pairs
from srpo_bench.results.judgement.claims import find, load
from srpo_bench.results.judgement.judge import ClaimVerdict, Judge
from srpo_bench.results.judgement.targets import checked
from srpo_bench.results.runs import read


def verify(
    folder: Path,
    claim_ids: Sequence[str] = (),
    baseline: str | None = None,
    challenger: str | None = None,
    vouched: bool = False,
    claim_files: Iterable[Path] = (),
    asked: Sequence[float] = (),
) -> list[ClaimVerdict]:
    """Test claims on a comparison directory.

    Args:
        folder: the comparison.
        claim_ids: which; none means all.
        baseline: arm; by default the plan's, or grpo.
        challenger: arm; by default every other one.
        vouched: the user vouches for what the manifests cannot prove.
        claim_files: the user's own claims.
        asked: accuracies to reach, besides those of the plan; exploratory.
    """
    known = load(claim_files)
    chosen = [find(known, wanted) for wanted in dict.fromkeys(claim_ids)] or known
    asked = [checked(level) for level in asked]
    comparison = read(folder)
    baseline, challenger = (as_named(comparison, arm) for arm in (baseline, challenger))
    return [
        verdict
        for pair in pairs(comparison, baseline, challenger)
        for verdict in Judge(comparison, *pair, vouched, asked).all(chosen)
    ]
