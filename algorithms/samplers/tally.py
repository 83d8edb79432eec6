"""A step's outcomes by prompt."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

from srpo_bench.algorithms.batch import Grades, Rollouts

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Tally:
    """How many of a prompt's responses were right (by accuracy), of how many."""

    correct: int
    total: int

    @property
    def rate(self) -> float:
        """Share that was right."""
        return self.correct / self.total

    @property
    def mixed(self) -> bool:
        """Some right, some wrong."""
        return 0 < self.correct < self.total


def by_prompt(rollouts: Rollouts, grades: Grades) -> dict[str, Tally]:
    """Every prompt's, its groups taken together, in the order in which they first stand."""
    owners = [rollouts.prompts[group] for group in rollouts.group.tolist()]
    return _count(owners, grades)


def by_group(rollouts: Rollouts, grades: Grades) -> list[Tally]:
    """Every group's, in their order."""
    tallies = _count(rollouts.group.tolist(), grades)
    return [tallies[group] for group in range(len(rollouts.prompts))]


def _count(owners: list[K], grades: Grades) -> dict[K, Tally]:
    counts: dict[K, list[int]] = {}
    for owner, accuracy in zip(owners, grades.accuracy.tolist(), strict=True):
        count = counts.setdefault(owner, [0, 0])
        count[0] += accuracy == 1
        count[1] += 1
    return {owner: Tally(*count) for owner, count in counts.items()}
