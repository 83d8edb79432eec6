"""What the family shares: group advantages under a clipped importance ratio.

A method fills in ``advantages`` and picks a ratio and an aggregation; the rest is here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, TypeVar

import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm, Settings, setting
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts, Totals
from srpo_bench.algorithms.surrogate import (
    clipped_surrogate,
    kl_k3,
    outside_clip,
    sequence_mean,
    token_mean,
    token_ratio,
)


class ClipSettings(Settings):
    """Clip range and KL weight."""

    epsilon_low: float = setting(
        0.2, "ratios are clipped below 1 − epsilon_low", "PPO, arXiv 1707.06347", ge=0, le=1
    )
    epsilon_high: float = setting(
        0.2, "ratios are clipped above 1 + epsilon_high", "PPO, arXiv 1707.06347", ge=0
    )
    beta: float = setting(
        0.0, "weight β of the KL term against the reference policy; 0 leaves it out", "none", ge=0
    )


C = TypeVar("C", bound=ClipSettings)


class ClippedPolicyGradient(Algorithm[C]):
    """min(ρA, clip(ρ)A) − β KL, aggregated over the update."""

    corrects = True
    logs: ClassVar[Mapping[str, str]] = {
        "clip_fraction": "share of tokens whose ratio is beyond the clip range, on the side that "
        "the advantage pushes it to",
        "ratio_deviation": "mean |ρ − 1|; responses worth 0 count as unmoved",
        "kl": "mean k3 of the policy against the reference, nats a token; where beta is above 0",
    }
    ratio: ClassVar[staticmethod[[Tensor, Tensor, Tensor], Tensor]] = staticmethod(token_ratio)
    aggregate: ClassVar[staticmethod[[Tensor, Tensor, Tensor, Totals], Tensor]] = staticmethod(
        sequence_mean
    )

    @property
    def needs_reference(self) -> bool:
        """Only a KL term reads the reference policy."""
        return self.settings.beta > 0

    @abstractmethod
    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """(B,) what each response is worth against its group."""

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """All responses of the step, each with weight 1."""
        advantage = self.advantages(rollouts, grades)
        return Batch(rollouts, advantage, torch.ones_like(advantage), metrics={})

    def surrogate(self, ratio: Tensor, logp: Tensor, batch: Batch) -> Tensor:
        """(b, T) what is minimised at each token, before the KL term."""
        low, high = self.settings.epsilon_low, self.settings.epsilon_high
        return clipped_surrogate(ratio, batch.advantage, low, high)

    def loss(
        self, logp: Tensor, ref_logp: Tensor | None, batch: Batch, totals: Totals
    ) -> tuple[Tensor, dict[str, float]]:
        """The objective, and how far π has moved."""
        mask, weight = batch.rollouts.mask, batch.weight
        ratio = self.ratio(logp, batch.rollouts.logp, mask)
        per_token = batch.rollouts.correction * self.surrogate(ratio, logp, batch)
        settings, moved = self.settings, ratio.detach()
        clipped = outside_clip(moved, batch.advantage, settings.epsilon_low, settings.epsilon_high)
        deviation = (moved - 1).abs() * (batch.advantage != 0).unsqueeze(1)
        watched = {"clip_fraction": clipped.float(), "ratio_deviation": deviation}
        if ref_logp is not None and self.needs_reference:
            kl = kl_k3(logp, ref_logp, mask)
            per_token = per_token + settings.beta * kl
            watched["kl"] = kl.detach()
        sums = {key: float(token_mean(x, mask, weight, totals)) for key, x in watched.items()}
        return self.aggregate(per_token, mask, weight, totals), sums
