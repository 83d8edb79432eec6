"""Worked solutions as token ids: prompts as a run asks them, responses as it hopes for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.config import Data
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.growing.recipe import Recipe
from srpo_bench.harness.models.context import context_of
from srpo_bench.harness.models.ending import end_tokens, turn_end
from srpo_bench.harness.models.loading import model_class, open_generation, open_tokenizer
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.problems.known import tasks_of
from srpo_bench.harness.problems.load import shared
from srpo_bench.harness.rollouts.prompts import Prompts
from srpo_bench.harness.streams import stream
from srpo_bench.tasks.base import DataError, Problem, Split, TaskError


@dataclass(frozen=True)
class Lesson:
    """A problem, its prompt, and the response to learn, with the token that ends it."""

    problem: Problem
    prompt: list[int]
    response: list[int]


@dataclass(frozen=True)
class Lessons:
    """shown: in the order drawn.   unseen: of the tasks' own dev splits.   left_out: id -> why."""

    shown: list[Lesson]
    unseen: list[Lesson]
    left_out: dict[str, str]


def lessons(recipe: Recipe, base: Path) -> Lessons:
    """Draw what is shown, by the recipe's seed.

    Raises:
        UserError: data is missing, a task has no worked solutions, or there are too few.
    """
    tasks = tasks_of((*recipe.tasks, *recipe.held_out))
    with as_user_error(TaskError):
        train = [p for name in recipe.tasks for p in _load(recipe, tasks[name], "train")]
        dev = _in_turn([_load(recipe, tasks[name], "dev") for name in recipe.tasks])
        held = [p for n in recipe.held_out for p in _held_out(recipe, tasks[n])]
        left_out = shared(train, [*dev, *held], tasks)
        writer = _Writer(tasks, recipe, base)
        order = torch.randperm(len(train), generator=stream(recipe.seed, "pool")).tolist()
        shown = writer.fitting([p for i in order if (p := train[i]).id not in left_out], left_out)
        return Lessons(
            shown[: _enough(recipe, len(shown))],
            writer.fitting(dev[: recipe.checked], {}),
            left_out,
        )


def record(lessons: Sequence[Lesson]) -> Rollouts:
    """B lessons as B groups of one response: prompts, tokens (B, T), mask (B, T)."""
    width = max(len(lesson.response) for lesson in lessons)
    tokens = torch.zeros(len(lessons), width, dtype=torch.long)
    mask = torch.zeros(len(lessons), width, dtype=torch.bool)
    for row, lesson in enumerate(lessons):
        tokens[row, : len(lesson.response)] = torch.tensor(lesson.response)
        mask[row, : len(lesson.response)] = True
    return Rollouts(
        prompts=[lesson.problem.id for lesson in lessons],
        prompt_tokens=[lesson.prompt for lesson in lessons],
        group=torch.arange(len(lessons)),
        tokens=tokens,
        mask=mask,
        logp=torch.zeros(tokens.shape),
        truncated=torch.zeros(len(lessons), dtype=torch.bool),
    )


class _Writer:
    """Writes lessons for one base: chat turns where it has a template, else plain text."""

    def __init__(self, tasks: dict[str, Any], recipe: Recipe, base: Path) -> None:
        self.tokenizer, self.tasks = open_tokenizer(base), tasks
        self.prompts = Prompts(self.tokenizer, tasks, Data(tasks=recipe.tasks, date=recipe.date))
        self.context = context_of(model_class(base)[0]) or float("inf")
        self.end = self._end(base)

    def _end(self, base: Path) -> int:
        if self.prompts.style == "chat" and (turn := turn_end(self.tokenizer)) is not None:
            return turn
        ends = end_tokens(open_generation(base), self.tokenizer, chat=False)
        if not ends:
            raise UserError(f"{base} has no end token, so no response could learn to end.")
        own = self.tokenizer.eos_token_id
        return int(own if own in ends else ends[0])

    def fitting(self, problems: Sequence[Problem], left_out: dict[str, str]) -> list[Lesson]:
        """Those that the model can read whole; the others are added to ``left_out``."""
        written = [self._lesson(problem) for problem in problems]
        for lesson in written:
            if len(lesson.prompt) + len(lesson.response) > self.context:
                left_out[lesson.problem.id] = f"longer than the model's context of {self.context}"
        return [lesson for lesson in written if lesson.problem.id not in left_out]

    def _lesson(self, problem: Problem) -> Lesson:
        text = self.tasks[problem.task].solution(problem, self.prompts.style)
        response = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return Lesson(problem, self.prompts.encode(problem), [*response, self.end])


def _in_turn(groups: Sequence[Sequence[Problem]]) -> list[Problem]:
    """One of each group, then the next of each: however few are taken, all have their share."""
    return [p for turn in zip_longest(*groups) for p in turn if p is not None]


def _load(recipe: Recipe, task: Any, split: Split) -> list[Problem]:
    return task_guard.load(task, split, recipe.data_dir)


def _held_out(recipe: Recipe, task: Any) -> list[Problem]:
    """Every problem of the task that a comparison may score on: of its dev and its test split."""
    problems: list[Problem] = []
    splits: tuple[Split, ...] = ("dev", "test")
    missing: list[TaskError] = []
    for split in splits:
        try:
            problems += _load(recipe, task, split)
        except DataError:
            raise
        except TaskError as error:  # some have one of the two only
            missing.append(error)
    if not problems:
        raise missing[0]
    return problems


def _enough(recipe: Recipe, available: int) -> int:
    wanted = recipe.examples or available
    if not 0 < wanted <= available:
        raise UserError(f"examples={wanted:,} is more than the {available:,} solutions there are.")
    return wanted
