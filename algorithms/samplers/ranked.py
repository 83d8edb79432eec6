"""Samplers that rank candidates by a prediction made without generating for them."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from srpo_bench.algorithms.samplers.base import Group, S, Sampler
from srpo_bench.algorithms.samplers.order import shuffled


class Ranked(Sampler[S]):
    """The best of a random set of candidates. P prompts in the pool, known by their place in it."""

    @property
    @abstractmethod
    def candidates(self) -> int:
        """Candidates for each place in the batch."""

    @abstractmethod
    def score(self, rng: torch.Generator) -> Tensor:
        """(P,) how much each prompt of the pool is wanted now."""

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The ``n`` candidates that are wanted most; of equals, any at random."""
        candidates = shuffled(range(len(self.info.pool)), rng)[: self.candidates * n]
        score = self.score(rng)[torch.tensor(candidates)]
        best = score.argsort(descending=True, stable=True)[:n].tolist()
        return self.groups(self.info.pool[candidates[i]].id for i in best)

    def places(self, prompts: list[str]) -> Tensor:
        """(b,) long: where prompts stand in the pool."""
        place = {prompt.id: i for i, prompt in enumerate(self.info.pool)}
        return torch.tensor([place[prompt] for prompt in prompts], dtype=torch.long)
