"""CISPO: Clipped Importance-Sampling weight Policy Optimization, of MiniMax-M1."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Batch
from srpo_bench.algorithms.grpo import GRPO, GRPOSettings
from srpo_bench.algorithms.surrogate import clipped_weight, token_mean


class CISPOSettings(GRPOSettings):
    """arXiv 2506.13585. TRL's epsilon_high is the cap itself, which is 1 + epsilon_high here."""

    epsilon_low: float = setting(
        1.0, "weights are at least 1 − epsilon_low; 1: no bound", "arXiv 2506.13585", ge=0, le=1
    )
    epsilon_high: float = setting(4.0, "weights are at most 1 + epsilon_high", "unpublished", ge=0)
    beta: float = setting(0.0, "weight β of the KL term; 0 leaves it out", "arXiv 2506.13585", ge=0)


class CISPO(GRPO):
    """The ratio is a capped weight without gradient, so no token's gradient is clipped away.

    The paper's dynamic sampling and length penalty, both DAPO's, are left out.
    """

    name = "cispo"
    paper = "arXiv 2506.13585"
    changes = "grpo with a capped ratio as a constant weight on log π, token mean, no KL term"
    formula = (
        "J = E[ 1/Σ_i |o_i| Σ_i Σ_t sg(clip(ρ, 1−ε_low, 1+ε_high)) A_i log π(o_t) ]\n"
        "sg: no gradient; A_i as in grpo"
    )
    unpublished: ClassVar[dict[str, str]] = {
        "epsilon_high": "the paper names no cap; 1 + 4 is that of ScaleRL, arXiv 2510.13786"
    }
    Settings = CISPOSettings
    aggregate = staticmethod(token_mean)

    def surrogate(self, ratio: Tensor, logp: Tensor, batch: Batch) -> Tensor:
        """−sg(clip(ρ)) A log π at each token."""
        low, high = self.settings.epsilon_low, self.settings.epsilon_high
        return clipped_weight(ratio, batch.advantage, logp, batch.rollouts.mask, low, high)
