"""GRPO a second time: what two arms look like between which there is no difference."""

from __future__ import annotations

import torch

from srpo_bench.algorithms.grpo import GRPO


class GRPOAgain(GRPO):
    """The A/A control. With common random numbers a second grpo would repeat the first bit by bit;
    another order of the same pool makes it another run of the same method."""

    name = "grpo-again"
    paper = "this project"
    changes = "nothing: grpo, going through the pool in another random order"
    formula = "grpo's J"

    def choose(self, n: int, rng: torch.Generator) -> list[str]:
        """grpo's, one draw of the order stream later."""
        torch.rand((), generator=rng)
        return super().choose(n, rng)
