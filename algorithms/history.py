"""What a method remembers: prompts' success over time, and past responses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.advantage import group_mean
from srpo_bench.algorithms.batch import Grades, Rollouts


class SuccessRates:
    """Per prompt p̂_q, an exponential average of its groups' mean accuracy.

    ``decay`` is the old value's share; the first observation is taken as it is.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._rates: dict[str, float] = {}

    def observe(self, rollouts: Rollouts, grades: Grades) -> None:
        """Add a step, group by group."""
        for group, mean in _group_means(rollouts, grades):
            prompt = rollouts.prompts[group]
            old = self._rates.get(prompt, mean)
            self._rates[prompt] = self._decay * old + (1 - self._decay) * mean

    def of(self, history: TrajectoryHistory) -> Tensor:
        """(N,) the current p̂_q of each remembered response's prompt."""
        return torch.tensor([self._rates[prompt] for prompt in history.prompts])

    def state_dict(self) -> dict[str, Any]:
        """All rates."""
        return {"rates": dict(self._rates)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._rates = dict(state["rates"])


@dataclass(frozen=True)
class Episode:
    """The responses of one past step. accuracy: (B,). birth: the step they were sampled at."""

    rollouts: Rollouts
    accuracy: Tensor
    birth: int


class TrajectoryHistory:
    """Every response of the last ``steps`` steps, as it was sampled: behaviour log-probs included.

    N responses, numbered through all episodes, oldest first.
    """

    def __init__(self, steps: int) -> None:
        self._episodes: deque[Episode] = deque(maxlen=steps)

    def __len__(self) -> int:
        return sum(len(episode.rollouts) for episode in self._episodes)

    @property
    def prompts(self) -> list[str]:
        """N prompt ids, one a response."""
        rollouts = [episode.rollouts for episode in self._episodes]
        return [r.prompts[group] for r in rollouts for group in r.group.tolist()]

    @property
    def accuracy(self) -> Tensor:
        """(N,) float, 0 or 1."""
        return torch.cat([episode.accuracy for episode in self._episodes])

    @property
    def truncated(self) -> Tensor:
        """(N,) bool."""
        return torch.cat([episode.rollouts.truncated for episode in self._episodes])

    @property
    def birth(self) -> Tensor:
        """(N,) long: the step each response was sampled at."""
        return torch.cat([torch.full((len(e.rollouts),), e.birth) for e in self._episodes])

    def add(self, rollouts: Rollouts, accuracy: Tensor, step: int) -> None:
        """Remember a step's responses; the oldest step beyond the limit is forgotten."""
        self._episodes.append(Episode(rollouts, accuracy, step))

    def pick(self, index: Tensor) -> Rollouts:
        """The given rows (long (b,), ascending, at least one) as one record."""
        parts, start = [], 0
        for episode in self._episodes:
            end = start + len(episode.rollouts)
            rows = index[(index >= start) & (index < end)] - start
            if len(rows):
                parts.append(episode.rollouts.pick(rows))
            start = end
        return Rollouts.concat(parts)

    def state_dict(self) -> dict[str, Any]:
        """All episodes, as plain values and tensors."""
        return {"episodes": [asdict(episode) for episode in self._episodes]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._episodes.clear()
        for e in state["episodes"]:
            self.add(Rollouts(**e["rollouts"]), e["accuracy"], e["birth"])


def _group_means(rollouts: Rollouts, grades: Grades) -> Iterator[tuple[int, float]]:
    means = group_mean(grades.accuracy, rollouts.group).tolist()
    yield from dict(zip(rollouts.group.tolist(), means, strict=True)).items()
