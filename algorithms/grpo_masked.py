"""Groups without signal left out of the loss and of its denominator: the pure scale effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch

from srpo_bench.algorithms.advantage import is_constant
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts
from srpo_bench.algorithms.grpo_token import GRPOToken


class GRPOMasked(GRPOToken):
    """What dropping signal-free groups does by enlarging the gradient, and by nothing else.

    Built on grpo-token, as the methods are whose scale effect it isolates.
    """

    name = "grpo-masked"
    paper = "this project"
    changes = "grpo-token with groups of equal rewards left out of the denominator, not replaced"
    formula = "grpo-token's J over the groups whose rewards differ"
    logs: ClassVar[Mapping[str, str]] = {
        **GRPOToken.logs,
        "masked": "share of responses left out, as their group's rewards are equal",
    }

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """Weight 0 for every response of a group whose rewards are all the same."""
        batch = super().weigh(rollouts, grades, logp, rng)
        constant = is_constant(grades.reward, rollouts.group)
        masked = {"masked": float(constant.float().mean())}
        return replace(
            batch,
            weight=batch.weight.masked_fill(constant, 0.0),
            metrics=batch.metrics | masked,
        )
