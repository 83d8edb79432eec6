"""RLOO: REINFORCE with a leave-one-out baseline."""

from __future__ import annotations

from torch import Tensor

from srpo_bench.algorithms.advantage import leave_one_out
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.clipped import ClippedPolicyGradient, ClipSettings
from srpo_bench.algorithms.surrogate import token_mean


class RLOO(ClippedPolicyGradient[ClipSettings]):
    """Every response is measured against the mean of the others.

    The paper sums a response's log-probabilities; the token mean is that sum over a number that is
    the same for the whole batch. Its KL penalty inside the reward is left out. On policy the ratio
    has REINFORCE's gradient; clipping matters when a batch is used for several updates.
    """

    name = "rloo"
    paper = "arXiv 2402.14740"
    changes = "grpo with a leave-one-out baseline, no standard deviation, token mean, no KL term"
    formula = (
        "J = E[ 1/Σ_i |o_i| Σ_i Σ_t min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) ]\n"
        "A_i = r_i − mean of the others' r = G/(G−1) · (r_i − mean r)"
    )
    Settings = ClipSettings
    aggregate = staticmethod(token_mean)

    def advantages(self, rollouts: Rollouts, grades: Grades) -> Tensor:
        """Rewards less the mean of the group's other rewards."""
        return leave_one_out(grades.reward, rollouts.group)
