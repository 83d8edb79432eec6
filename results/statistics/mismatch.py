"""Engine against learner: what runs recorded of the difference between their log-probs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.records import MISMATCH
from srpo_bench.results.runs import Comparison, Run

LARGE_KL = 1e-3
"""nats a token from which a mismatch is called large. A bfloat16 logit of 16 is rounded by up to
0.03, and a log-prob that is off by so much gives a KL of 0.03² / 2 = 5e-4: rounding explains less
than this, stale weights or other sampling settings lie far above it."""


@dataclass(frozen=True)
class ArmMismatch:
    """An arm's steps together. Differences and KL in nats a token, effective samples as fractions.

    mean: of |log π − log μ|.   largest: of any token.   kl: KL(engine ‖ learner), mean over steps.
    worst_kl: of any step.   ess_token, ess_sequence: effective sample sizes, means over steps.
    """

    mean: float
    largest: float
    kl: float
    worst_kl: float
    ess_token: float
    ess_sequence: float

    @property
    def is_large(self) -> bool:
        """Beyond what rounding explains."""
        return self.kl > LARGE_KL


def mismatches(comparison: Comparison) -> dict[str, ArmMismatch]:
    """arm -> its mismatch, for arms that recorded any."""
    measured = {arm: _of(comparison.of(arm)) for arm in comparison.arms}
    return {arm: m for arm, m in measured.items() if m is not None}


def _of(runs: Sequence[Run]) -> ArmMismatch | None:
    columns = [np.concatenate([r.curves[f"mismatch_{n}"] for r in runs]) for n in MISMATCH if runs]
    if not columns or np.isnan(columns[0]).all():
        return None
    mean, largest, kl, token, sequence = columns
    return ArmMismatch(
        mean=float(np.nanmean(mean)),
        largest=float(np.nanmax(largest)),
        kl=float(np.nanmean(kl)),
        worst_kl=float(np.nanmax(kl)),
        ess_token=float(np.nanmean(token)),
        ess_sequence=float(np.nanmean(sequence)),
    )
