"""The order in which a pool of prompts is gone through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import torch

T = TypeVar("T")


class PromptOrder:
    """Shuffled epochs over a pool.

    An epoch's last batch is filled from a fresh shuffle of the same pool, so that an epoch always
    ends between two steps, when every reward of it is known. A prompt appears twice in a batch only
    where the pool is smaller than the batch, and twice in a step of several rounds only where they
    take more than the pool.
    """

    def __init__(self, pool: Sequence[str]) -> None:
        if not pool:
            raise ValueError("The prompt pool is empty; give at least one prompt to train on.")
        self.pool = list(pool)
        self.epoch = 0
        self._queue: list[str] = []

    @property
    def exhausted(self) -> bool:
        """True between two epochs, and before the first."""
        return not self._queue

    def restart(self, pool: Sequence[str]) -> None:
        """End the epoch here; the next one goes through ``pool``."""
        self.pool = list(pool)
        self._queue = []

    def next(self, n: int, rng: torch.Generator, taken: Collection[str] = ()) -> list[str]:
        """The next ``n`` prompt ids; those that the step has ``taken`` come last in a new epoch."""
        if self.exhausted:
            self._queue = sorted(shuffled(self.pool, rng), key=taken.__contains__)
            self.epoch += 1
        batch, self._queue = self._queue[:n], self._queue[n:]
        while len(batch) < n:
            held = Counter([*batch, *taken])
            again = sorted(shuffled(self.pool, rng), key=held.__getitem__)
            batch += again[: n - len(batch)]
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Position in the middle of an epoch included."""
        return {"pool": list(self.pool), "epoch": self.epoch, "queue": list(self._queue)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self.pool = list(state["pool"])
        self.epoch = state["epoch"]
        self._queue = list(state["queue"])


def shuffled(items: Sequence[T], rng: torch.Generator) -> list[T]:
    """A permutation of ``items``, one draw from ``rng``."""
    return [items[i] for i in torch.randperm(len(items), generator=rng).tolist()]
