"""Random records of the real shapes; every draw comes from a seed that is passed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Grades, PromptInfo, Rollouts

LIMIT = 7
"""Length limit of the responses made here, in tokens."""


def _plan(
    kinds: Sequence[str], prompts_per_step: int = 4, group_size: int = 4, steps: int = 20
) -> RunInfo:
    pool = tuple(PromptInfo(f"{kind}-{i}", kind) for i, kind in enumerate(kinds))
    return RunInfo(pool, prompts_per_step, group_size, steps, max_new_tokens=LIMIT)


def _sample(prompts: Sequence[str], group_size: int, seed: int) -> Rollouts:
    """Responses of 1 to LIMIT tokens. Row b's tokens are all b + 1000·seed: told apart for good."""
    rng = torch.Generator().manual_seed(seed)
    rows = len(prompts) * group_size
    lengths = torch.randint(1, LIMIT + 1, (rows,), generator=rng)
    mask = torch.arange(LIMIT) < lengths.unsqueeze(1)
    return Rollouts(
        prompts=list(prompts),
        prompt_tokens=[[len(prompt)] for prompt in prompts],
        group=torch.arange(len(prompts)).repeat_interleave(group_size),
        tokens=(torch.arange(rows) + 1000 * seed).unsqueeze(1) * mask,
        mask=mask,
        logp=-torch.rand(rows, LIMIT, generator=rng) * mask,
        truncated=(lengths == LIMIT) & (torch.rand(rows, generator=rng) < 0.5),
    )


def _grade(rollouts: Rollouts, seed: int, rate: float = 0.5) -> Grades:
    """Correct with probability ``rate``; the reward adds a bonus the accuracy does not know of."""
    rng = torch.Generator().manual_seed(seed + 1)
    accuracy = (torch.rand(len(rollouts), generator=rng) < rate).float()
    bonus = 0.1 * (torch.rand(len(rollouts), generator=rng) < 0.5)
    return Grades(reward=accuracy + bonus, accuracy=accuracy)


@pytest.fixture(scope="session")
def plan() -> Callable[..., RunInfo]:
    return _plan


@pytest.fixture(scope="session")
def sample() -> Callable[..., Rollouts]:
    return _sample


@pytest.fixture(scope="session")
def grade() -> Callable[..., Grades]:
    return _grade
