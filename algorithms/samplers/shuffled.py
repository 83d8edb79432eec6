"""Shuffled epochs over the pool: what everybody does who does nothing else."""

from __future__ import annotations

from typing import Any

import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.samplers.base import Group, S, Sampler
from srpo_bench.algorithms.samplers.order import PromptOrder


class Shuffled(Sampler[S]):
    """Every prompt once an epoch, in a random order."""

    name = "shuffled"
    paper = "common practice"
    changes = "nothing: every prompt once an epoch, in a random order"
    formula = "an epoch is a random order of the pool"

    def __init__(self, settings: S, info: RunInfo) -> None:
        super().__init__(settings, info)
        self.order = PromptOrder([prompt.id for prompt in info.pool])

    @property
    def pool_size(self) -> int:
        """Prompts the current epoch goes through."""
        return len(self.order.pool)

    @property
    def epoch(self) -> int:
        """Epochs begun so far."""
        return self.order.epoch

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The epoch's next prompts."""
        return self.groups(self.order.next(n, rng))

    def state_dict(self) -> dict[str, Any]:
        """The order, position in the middle of an epoch included."""
        return {"order": self.order.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self.order.load_state_dict(state["order"])


class ShuffledAgain(Shuffled[S]):
    """The A/A control's. With common random numbers a second run of a method would repeat the first
    bit by bit; another order of the same pool makes it another run of the same method."""

    name = "shuffled-again"
    paper = "this project"
    changes = "nothing: another random order of the same pool"

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """Those of ``shuffled``, one draw of the stream later."""
        torch.rand((), generator=rng)
        return super().choose(step, n, rng)
