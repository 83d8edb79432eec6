"""The reward replaced by a coin: what an "improvement" looks like when the signal is fake."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts
from srpo_bench.algorithms.grpo import GRPO


class RandomReward(GRPO):
    """GRPO on noise. Accuracies are left as they are; only what is optimised is fake."""

    name = "random-reward"
    paper = "arXiv 2506.10947"
    changes = "grpo with every reward replaced by a coin of the same mean"
    formula = "grpo's J with r_i ∈ {min r, max r} at random, of mean r over the step's responses"

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """grpo's, on coins, which are recorded beside the rewards."""
        coins = coin(grades.reward, rng)
        batch = super().weigh(rollouts, replace(grades, reward=coins), logp, rng)
        return replace(batch, reward=coins)


def coin(reward: Tensor, rng: torch.Generator) -> Tensor:
    """(B,) the least or the largest of the rewards at random, with their mean as expectation."""
    low, high = reward.min(), reward.max()
    share = (reward.mean() - low) / (high - low) if high > low else torch.zeros(())
    return torch.where(torch.rand(len(reward), generator=rng) < share, high, low)
