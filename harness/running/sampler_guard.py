"""The seam to a sampler: the groups that it chooses and the responses it keeps are checked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More, Sampler
from srpo_bench.harness.errors import naming
from srpo_bench.harness.running.method_guard import called, check_metrics, kind_of, wrong

MAX_ROUNDS = 64
"""Batches of prompts a sampler may ask for within one step."""


def bound(sampler: Sampler[Any], generated: int, more: int, batch: int) -> None:
    """A step has an end: after ``generated`` groups, ``more`` are wanted; a batch has so many.

    Raises:
        RunError: that goes on for too long.
    """
    if generated + more > MAX_ROUNDS * batch:
        wanted = f"asked for {more} more groups after {generated} in one step"
        raise wrong(sampler, f"{wanted}; {MAX_ROUNDS} batches of them are the limit")


def choose(
    sampler: Sampler[Any], step: int, n: int, rng: torch.Generator, pool: Collection[str]
) -> list[Group]:
    """``sampler.choose``: n groups of the pool's prompts."""
    with naming(called(sampler), "choose"):
        groups = list(sampler.choose(step, n, rng))
    if len(groups) != n:
        raise wrong(sampler, f"chose {len(groups)} prompts where {n} were asked for")
    for group in groups:
        if not isinstance(group, Group):
            raise wrong(sampler, f"chose {kind_of(group)}, not a Group")
        if not isinstance(group.prompt, str) or group.prompt not in pool:
            raise wrong(sampler, f"chose {group.prompt!r}, which is no prompt of the pool")
        if type(group.size) is not int or group.size < 1:
            raise wrong(sampler, f"wants {group.size!r} responses of a prompt")
    return groups


def observe(sampler: Sampler[Any], rollouts: Rollouts, grades: Grades) -> Kept | More:
    """``sampler.observe``: rows of what it was shown, or a request."""
    with naming(called(sampler), "observe"):
        answer = sampler.observe(rollouts, grades)
    if isinstance(answer, More):
        if type(answer.groups) is not int or answer.groups < 1:
            raise wrong(sampler, f"asked for {answer.groups!r} more groups")
        return answer
    if not isinstance(answer, Kept):
        raise wrong(sampler, f"returned {kind_of(answer)} from observe, not Kept or More")
    rows = len(answer.rollouts)
    if not rows:
        raise wrong(sampler, "kept no response")
    if not len(answer.grades.reward) == len(answer.grades.accuracy) == rows:
        raise wrong(sampler, f"kept {rows} responses with other numbers of grades")
    if not torch.isin(answer.rollouts.serial, rollouts.serial).all():
        raise wrong(sampler, "kept responses that it was not shown")
    return answer


def progress(sampler: Sampler[Any]) -> None:
    """``pool_size``, ``epoch`` and ``metrics``, which the record reads."""
    with naming(called(sampler), "pool_size, epoch or metrics"):
        numbers, metrics = (sampler.pool_size, sampler.epoch), sampler.metrics()
    for number in numbers:
        if type(number) is not int:
            raise wrong(sampler, f"gives {number!r} as pool_size or epoch, not a whole number")
    check_metrics(sampler, metrics, "metrics")
