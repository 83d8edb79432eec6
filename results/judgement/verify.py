"""What a comparison says about each claim."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from srpo_bench.results.judgement.arms import as_named, pairs
from srpo_bench.results.judgement.claims import load
from srpo_bench.results.judgement.judge import ClaimVerdict, Judge
from srpo_bench.results.judgement.targets import checked
from srpo_bench.results.runs import read
from srpo_bench.results.store import ResultsError


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
    ids = [c.id for c in known]
    for wanted in claim_ids:
        if wanted not in ids:
            near = difflib.get_close_matches(wanted, ids, 1, 0)
            raise ResultsError(f"There is no claim '{wanted}'; did you mean '{near[0]}'?")
    asked = [checked(level) for level in asked]
    comparison = read(folder)
    baseline, challenger = (as_named(comparison, arm) for arm in (baseline, challenger))
    chosen = [c for c in known if not claim_ids or c.id in claim_ids]
    return [
        verdict
        for pair in pairs(comparison, baseline, challenger)
        for verdict in Judge(comparison, *pair, vouched, asked).all(chosen)
    ]
