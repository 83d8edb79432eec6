"""What a reward function promises, tried: a finite number for each response, and the same again.

It is asked about a task's own problems, with the task's own grades of a few responses; at planning,
for each run would meet its fault in its first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.promise import Promise
from srpo_bench.tasks.base import Grade, Problem, Task, TaskError
from srpo_bench.tasks.rewards import RewardFunction

FEW = 2
"""Problems that it is asked about; each is given every response below."""

FORMS = ("", "no answer here", "{}", "\\boxed{{{}}}", "#### {}")
"""Responses; the answer takes the place of ``{}``."""


def check(name: str, function: RewardFunction, task: Task, data_dir: Path | None) -> list[Promise]:
    """Try every promise of a reward function.

    Raises:
        TaskError: the task cannot be loaded or does not grade, which says nothing about it.
    """
    few = task_guard.load(task, "train", data_dir)[:FEW]
    pairs = [(p, form.format(p.answer)) for p in few for form in FORMS]
    problems, texts = [p for p, _ in pairs], [r for _, r in pairs]
    grades = task_guard.grade(task, problems, texts)
    try:
        first = _said(name, function, problems, texts, grades)
        again = _said(name, function, problems, texts, grades)
    except TaskError as error:
        return [Promise("a finite number for each response", str(error))]
    return [
        Promise("a finite number for each response"),
        Promise("the same numbers for the same responses", _steady(texts, first, again)),
    ]


def _said(
    name: str,
    function: RewardFunction,
    problems: Sequence[Problem],
    texts: Sequence[str],
    grades: Sequence[Grade],
) -> list[float]:
    judged = task_guard.reward(name, function, problems, texts, grades)
    return [grade.fields[name] for grade in judged]


def _steady(texts: Sequence[str], first: Sequence[float], again: Sequence[float]) -> str:
    for text, one, other in zip(texts, first, again, strict=True):
        if one != other:
            return (
                f"{text[:20]!r} is worth {one:.4g} and, asked again, {other:.4g}; a run that is "
                "resumed would not go on to the same bits"
            )
    return ""
