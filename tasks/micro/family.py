"""What the three micro families share: splits that cannot overlap, prompts, two ways to answer.

Problems are drawn, not stored. The hash of a problem's content says which split it belongs to, so
train, dev, test and the base model's pretraining corpus share no problem by construction.
"""

from __future__ import annotations

import hashlib
import random
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from srpo_bench.tasks.base import Grade, Message, Outcome, Problem, Prompt, Split, Style, Task

LEVELS = (1, 2, 3, 4)
"""Difficulty; a problem of a higher level needs more steps."""
SIZES: Mapping[Split, int] = {"train": 1000, "dev": 300, "test": 500}
BUCKETS: tuple[Literal["train", "dev", "test", "corpus"], ...] = (
    "test", "dev", "train", "train", "corpus", "corpus", "corpus", "corpus", "corpus", "corpus",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A problem before it is one: its content and both ways to answer it.

    careful: worked step by step, right. quick: at once, right. guess: at once, wrong.
    """

    content: str
    question: str
    answer: str
    careful: str
    quick: str
    guess: str
    meta: Mapping[str, Any] = field(default_factory=dict)


class MicroTask(Task):
    """A procedural family. A subclass draws items and grades responses.

    There is nothing to read, so ``load`` takes no notice of ``data_dir``: a comparison may mix
    micro families with benchmarks that need it.
    """

    max_new_tokens: ClassVar[int] = 32
    procedural: ClassVar[bool] = True
    levels: ClassVar[tuple[int, ...]] = LEVELS
    family: ClassVar[str] = ""
    """Whose splits these problems are drawn by, where they could stand in another task, too."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        """Two that are alike draw the same problems, and they are drawn once a process."""
        return hash(type(self))

    @abstractmethod
    def draw(self, rng: random.Random, level: int) -> Item:
        """A random item of a level."""

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """The split's problems; levels take turns, so every prefix is balanced too."""
        return list(_problems(self, split))

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """The question alone, after ``shots`` worked ones; as one user turn in chat style."""
        worked = (
            [p for p in _problems(self, "train") if p.id != problem.id][:shots] if shots else []
        )
        text = "".join(f"{p.question}{p.meta['solution']}\n\n" for p in worked) + problem.question
        return [Message(role="user", content=text)] if style == "chat" else text


def bucket(task: str, content: str) -> str:
    """The split that a problem of this content belongs to, or ``corpus``."""
    digest = hashlib.sha256(f"{task}/{content}".encode()).digest()
    return BUCKETS[int.from_bytes(digest[:8], "big") % len(BUCKETS)]


def draw_from(task: MicroTask, rng: random.Random, level: int, where: str) -> Item:
    """A random item of a level whose content falls into one bucket."""
    while True:
        item = task.draw(rng, level)
        if bucket(task.family or task.name, item.content) == where:
            return item


def exact(problem: Problem, answers: list[str]) -> Grade:
    """Grade the last of the answers found by the digits it is written in."""
    if not answers:
        return Grade(Outcome.UNPARSEABLE)
    right = answers[-1] == problem.answer
    return Grade(Outcome.CORRECT if right else Outcome.WRONG, format=1.0, answer=answers[-1])


@cache
def _problems(task: MicroTask, split: Split) -> tuple[Problem, ...]:
    rng = random.Random(f"{task.name}/{split}")
    seen: set[str] = set()
    problems: list[Problem] = []
    while len(problems) < SIZES[split]:
        level = task.levels[len(problems) % len(task.levels)]
        item = draw_from(task, rng, level, split)
        if item.content in seen:
            continue
        seen.add(item.content)
        problems.append(
            Problem(
                id=f"{task.name}/{item.content}",
                task=task.name,
                kind=task.kind,
                question=item.question,
                answer=item.answer,
                level=str(level),
                meta={"solution": item.careful, **item.meta},
            )
        )
    return tuple(problems)
