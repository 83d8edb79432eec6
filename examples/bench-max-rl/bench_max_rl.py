"""MaxRL: a group's rewards are divided by their mean instead of their standard deviation."""

from __future__ import annotations

from torch import Tensor

from srpo_bench.algorithms.advantage import centred, group_mean
from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.grpo_token import GRPOToken, GRPOTokenSettings


class MaxRLSettings(GRPOTokenSettings):
    """grpo-token's; ``advantage_eps`` is added to the mean here."""

    advantage_eps: float = setting(1e-4, "added to the group's mean reward", "this package", gt=0)


class MaxRL(GRPOToken):
    """Prompts weigh 1 / success rate, as they do in the gradient of the likelihood of success."""

    name = "max-rl"
    paper = "arXiv 2602.02710"
    changes = "grpo-token with rewards divided by their group's mean, not its standard deviation"
    formula = "grpo-token's J with A_i = (r_i − mean r) / (mean r + eps)"
    Settings = MaxRLSettings

    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """(B,) rewards less their group's mean, over that mean. Rewards must not be negative."""
        mean = group_mean(grades.reward, rollouts.group)
        return centred(grades.reward, rollouts.group) / (mean + self.settings.advantage_eps)
