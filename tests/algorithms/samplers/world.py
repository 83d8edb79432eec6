"""Outcomes that a test decides: how many of a group's responses are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group


def outcomes(sample: Any, right: dict[str, int], size: int) -> tuple[Rollouts, Grades]:
    """One group of ``size`` a prompt, the first ``right[prompt]`` responses correct. Rewards say
    the opposite, so that whoever looks at them is found out."""
    rollouts = sample(list(right), size, seed=0)
    correct = torch.cat([(torch.arange(size) < n).float() for n in right.values()])
    return rollouts, Grades(reward=1 - correct, accuracy=correct)


def by_rule(
    sample: Any, right: Callable[[str, int], int]
) -> Callable[[list[Group], int], tuple[Rollouts, Grades]]:
    """Responses to whatever is chosen: ``right(prompt, size)`` of a group are correct."""

    def answers(groups: list[Group], round_: int) -> tuple[Rollouts, Grades]:
        size = groups[0].size
        rollouts = sample([group.prompt for group in groups], size, seed=round_)
        correct = torch.cat(
            [(torch.arange(size) < right(group.prompt, size)).float() for group in groups]
        )
        return rollouts, Grades(reward=correct.clone(), accuracy=correct)

    return answers


def prompts(groups: list[Group]) -> list[str]:
    """Their ids."""
    return [group.prompt for group in groups]
