"""GRPO: Group Relative Policy Optimization, as DeepSeekMath publishes it."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from srpo_bench.algorithms.advantage import normalised
from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.clipped import ClippedPolicyGradient, ClipSettings


class GRPOSettings(ClipSettings):
    """DeepSeekMath, arXiv 2402.03300; DeepSeek-R1 (arXiv 2501.12948) uses beta 0.001."""

    epsilon_low: float = setting(
        0.2, "ratios are clipped below 1 − epsilon_low", "unpublished", ge=0, le=1
    )
    epsilon_high: float = setting(
        0.2, "ratios are clipped above 1 + epsilon_high", "unpublished", ge=0
    )
    beta: float = setting(
        0.04, "weight β of the KL term; 0 leaves it out", "arXiv 2402.03300, section 4.2", ge=0
    )
    advantage_eps: float = setting(
        1e-4, "added to the group's standard deviation", "TRL; verl has 1e-6", gt=0
    )


class GRPO(ClippedPolicyGradient[GRPOSettings]):
    """The reference point of every comparison."""

    name = "grpo"
    paper = "arXiv 2402.03300"
    changes = "the reference: group-normalised advantage, clipped ratio, KL term, response mean"
    formula = (
        "J = E[ 1/G Σ_i 1/|o_i| Σ_t { min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) − β k3 } ]\n"
        "k3 = π_ref/π − log(π_ref/π) − 1\n"
        "A_i = (r_i − mean r) / (std r + eps), over the G responses of a prompt"
    )
    unpublished: ClassVar[dict[str, str]] = {
        "epsilon_low": "the paper names no ε; 0.2 is PPO's, and everybody's",
        "epsilon_high": "the paper names no ε; 0.2 is PPO's, and everybody's",
    }
    Settings = GRPOSettings
    settings: GRPOSettings

    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """Rewards normalised by their group's mean and standard deviation."""
        return normalised(grades.reward, rollouts.group, self.settings.advantage_eps)
