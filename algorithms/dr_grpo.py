"""Dr. GRPO: GRPO without its two biases."""

from __future__ import annotations

from torch import Tensor

from srpo_bench.algorithms.advantage import centred
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.clipped import ClippedPolicyGradient, ClipSettings
from srpo_bench.algorithms.surrogate import limit_mean


class DrGRPO(ClippedPolicyGradient[ClipSettings]):
    """No division by the group's standard deviation, none by the response's length."""

    name = "dr_grpo"
    paper = "arXiv 2503.20783"
    changes = "grpo without dividing by standard deviation or length, and without KL term"
    formula = (
        "J = E[ 1/(B · length limit) Σ_i Σ_t min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) ]\n"
        "A_i = r_i − mean r"
    )
    Settings = ClipSettings
    aggregate = staticmethod(limit_mean)

    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """Rewards less their group's mean."""
        return centred(grades.reward, rollouts.group)
