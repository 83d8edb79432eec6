"""Reward functions by name: of files, and of installed packages (entry points ``bench.rewards``).

A function is ``f(problems, texts, grades) -> numbers``: the responses of a round with their
problems and grades, and one finite number each. It becomes a reward's field of its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from srpo_bench import files
from srpo_bench.plugins import Registry
from srpo_bench.tasks.base import Grade, Problem, TaskError

RewardFunction = Callable[[Sequence[Problem], Sequence[str], Sequence[Grade]], Sequence[float]]

OWN = ("accuracy", "format", "language")
"""Fields that every grade has."""


def _fault(loaded: Any, name: str) -> str:
    if not callable(loaded):
        return "is no function"
    if name in OWN or not re.fullmatch(r"[A-Za-z_]\w*", name):
        return f"is called {name!r}, which is a grade's own field; give it another name"
    return ""


REWARDS = Registry("reward", "bench.rewards", {}, _fault, TaskError)


def enter(path: Path, attribute: str) -> str:
    """Make a file's function known, and return its name.

    Raises:
        TaskError: the file cannot be used.
    """
    REWARDS.enter(files.load(path, attribute, TaskError), attribute, f"{path}:{attribute}")
    return attribute


def names() -> list[str]:
    """All reward functions."""
    return REWARDS.names()


def get(name: str) -> RewardFunction:
    """The function of that name.

    Raises:
        TaskError: there is none, or it cannot be used.
    """
    function: RewardFunction = REWARDS.get(name)
    return function


def of(weighed: Iterable[str]) -> dict[str, RewardFunction]:
    """The functions among names that are weighed; the others are fields of tasks' grades."""
    functions = names()
    return {name: get(name) for name in weighed if name in functions}
