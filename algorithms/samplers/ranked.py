"""Samplers that rank candidates by a prediction made without generating for them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

import torch
from torch import Tensor

from srpo_bench.algorithms.base import RunInfo, Settings
from srpo_bench.algorithms.samplers.base import Group, Sampler
from srpo_bench.algorithms.samplers.order import shuffled


class RankedSettings(Settings):
    """What all of them have."""

    candidates: int
    """Prompts looked at for each place in the batch."""


R = TypeVar("R", bound=RankedSettings)


class Ranked(Sampler[R]):
    """The best of a random set of candidates. P prompts in the pool, known by their place in it."""

    def __init__(self, settings: R, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._place = {prompt.id: i for i, prompt in enumerate(info.pool)}
        self.begin(len(info.pool))

    @abstractmethod
    def begin(self, prompts: int) -> None:
        """What is believed of the P prompts before any of them was asked."""

    @abstractmethod
    def score(self, rng: torch.Generator) -> Tensor:
        """(P,) how much each prompt of the pool is wanted now."""

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The ``n`` candidates that are wanted most; of equals, any at random."""
        candidates = shuffled(range(len(self.info.pool)), rng)[: self.settings.candidates * n]
        score = self.score(rng)[torch.tensor(candidates)]
        best = score.argsort(descending=True, stable=True)[:n].tolist()
        return self.groups(self.info.pool[candidates[i]].id for i in best)

    def places(self, prompts: list[str]) -> Tensor:
        """(b,) long: where prompts stand in the pool."""
        return torch.tensor([self._place[prompt] for prompt in prompts], dtype=torch.long)
