"""SRPO's loss without its history: the fair baseline for history resampling."""

from __future__ import annotations

from torch import Tensor

from srpo_bench.algorithms.advantage import mute_truncated
from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.grpo import GRPO, GRPOSettings
from srpo_bench.algorithms.surrogate import token_mean


class GRPOTokenSettings(GRPOSettings):
    """GRPO's, without the KL term."""

    beta: float = setting(0.0, "weight β of the KL term; 0 leaves it out", "arXiv 2504.14286", ge=0)


class GRPOToken(GRPO):
    """GRPO with three differences, those of SRPO's loss."""

    name = "grpo-token"
    paper = "arXiv 2504.14286, its loss alone"
    changes = "grpo with a token mean, no KL term, and advantage 0 for responses cut at the limit"
    formula = (
        "J = E[ 1/Σ_i |o_i| Σ_i Σ_t min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) ]\n"
        "A_i as in grpo, but 0 where o_i was cut at the length limit (its tokens still count)"
    )
    Settings = GRPOTokenSettings
    aggregate = staticmethod(token_mean)

    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """GRPO's, with SRPO's overlong rule."""
        return mute_truncated(super().advantages(rollouts, grades), rollouts.truncated)
