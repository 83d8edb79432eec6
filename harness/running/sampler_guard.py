"""The seam to a sampler: what it hands back is checked, and what it raises bears its name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More, Sampler
from srpo_bench.harness.errors import RunError, naming
from srpo_bench.harness.running.algorithm_guard import check_metrics, check_state, kind_of

MAX_ROUNDS = 64
"""Batches of prompts a sampler may ask for within one step."""


def method(name: str) -> str:
    """The method, as an error's sentence begins."""
    return f"Sampler '{name}'"


def make(kind: type[Sampler[Any]], settings: dict[str, Any], info: RunInfo) -> Sampler[Any]:
    """A sampler for a run."""
    with naming(method(kind.name), "__init__"):
        sampler = kind(kind.Settings.model_validate(settings), info)
    for name in ("first_round", "notes", "at_rest", "waits_for"):
        with naming(method(kind.name), name):
            getattr(sampler, name)
    return sampler


def bound(sampler: Sampler[Any], generated: int, more: int, batch: int) -> None:
    """A step has an end: after ``generated`` groups, ``more`` are wanted; a batch has so many.

    Raises:
        RunError: that goes on for too long.
    """
    if generated + more > MAX_ROUNDS * batch:
        wanted = f"asked for {more} more groups after {generated} in one step"
        raise _wrong(sampler, f"{wanted}; {MAX_ROUNDS} batches of them are the limit")


def choose(
    sampler: Sampler[Any], step: int, n: int, rng: torch.Generator, pool: Collection[str]
) -> list[Group]:
    """``sampler.choose``: n groups of the pool's prompts."""
    with naming(method(sampler.name), "choose"):
        groups = list(sampler.choose(step, n, rng))
    if len(groups) != n:
        raise _wrong(sampler, f"chose {len(groups)} prompts where {n} were asked for")
    for group in groups:
        if not isinstance(group, Group):
            raise _wrong(sampler, f"chose {kind_of(group)}, not a Group")
        if not isinstance(group.prompt, str) or group.prompt not in pool:
            raise _wrong(sampler, f"chose {group.prompt!r}, which is no prompt of the pool")
        if type(group.size) is not int or group.size < 1:
            raise _wrong(sampler, f"wants {group.size!r} responses of a prompt")
    return groups


def observe(sampler: Sampler[Any], rollouts: Rollouts, grades: Grades) -> Kept | More:
    """``sampler.observe``: rows of what it was shown, or a request."""
    with naming(method(sampler.name), "observe"):
        answer = sampler.observe(rollouts, grades)
    if isinstance(answer, More):
        if type(answer.groups) is not int or answer.groups < 1:
            raise _wrong(sampler, f"asked for {answer.groups!r} more groups")
        return answer
    if not isinstance(answer, Kept):
        raise _wrong(sampler, f"returned {kind_of(answer)} from observe, not Kept or More")
    rows = len(answer.rollouts)
    if not rows:
        raise _wrong(sampler, "kept no response")
    if not len(answer.grades.reward) == len(answer.grades.accuracy) == rows:
        raise _wrong(sampler, f"kept {rows} responses with other numbers of grades")
    if not torch.isin(answer.rollouts.serial, rollouts.serial).all():
        raise _wrong(sampler, "kept responses that it was not shown")
    return answer


def progress(sampler: Sampler[Any]) -> None:
    """``pool_size``, ``epoch`` and ``metrics``, which the record reads."""
    with naming(method(sampler.name), "pool_size, epoch or metrics"):
        numbers, metrics = (sampler.pool_size, sampler.epoch), sampler.metrics()
    for number in numbers:
        if type(number) is not int:
            raise _wrong(sampler, f"gives {number!r} as pool_size or epoch, not a whole number")
    check_metrics(method(sampler.name), metrics, "metrics")


def state(sampler: Sampler[Any]) -> dict[str, Any]:
    """``sampler.state_dict``: something that a checkpoint can hold."""
    with naming(method(sampler.name), "state_dict"):
        saved = sampler.state_dict()
    check_state(method(sampler.name), saved)
    return saved


def restore(sampler: Sampler[Any], saved: dict[str, Any]) -> None:
    """``sampler.load_state_dict``."""
    with naming(method(sampler.name), "load_state_dict"):
        sampler.load_state_dict(saved)


def _wrong(sampler: Sampler[Any], fault: str) -> RunError:
    return RunError(f"{method(sampler.name)} {fault}.")
