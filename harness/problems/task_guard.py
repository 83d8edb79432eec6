"""The seam to a task: what it hands back is checked, and what it raises bears its name.

Before a run a fault is the user's error, since every run of the comparison needs the task; within a
run it ends that run. Either way it is a ``TaskError``, one sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, TypeGuard

from srpo_bench.harness.errors import naming
from srpo_bench.tasks.base import Grade, Outcome, Problem, Prompt, Split, Style, Task, TaskError
from srpo_bench.tasks.rewards import RewardFunction

LARGEST = 3.4028234663852886e38
"""Of float32, in which rewards are: numbers beyond it, and those that are none, are not finite."""


def load(task: Task, split: Split, data_dir: Path | None) -> list[Problem]:
    """``task.load``: the task's own problems, each id once."""
    with naming(_task(task), "load", TaskError):
        problems = list(task.load(split, data_dir))
    for problem in problems:
        if not isinstance(problem, Problem):
            raise _wrong(task, f"loaded a {type(problem).__name__}, not a Problem")
        if problem.task != task.name:
            raise _wrong(task, f"loaded problem {problem.id!r} of another task, {problem.task!r}")
    twice = [name for name, n in Counter(p.id for p in problems).items() if n > 1]
    if twice:
        raise _wrong(task, f"loaded two problems with the id {twice[0]!r}")
    return problems


def render(task: Task, problem: Problem, style: Style, shots: int) -> Prompt:
    """``task.render``: a text, or the turns of a chat."""
    with naming(_task(task), "render", TaskError):
        prompt = task.render(problem, style, shots)
    turns = [] if isinstance(prompt, str) else prompt
    ours = isinstance(turns, list) and all(isinstance(t, dict) and "content" in t for t in turns)
    if not prompt or not ours:
        raise _wrong(task, f"rendered {prompt!r:.80}, neither a text nor the turns of a chat")
    return prompt


def stops(task: Task, style: Style) -> tuple[str, ...]:
    """``task.stops``: strings that end a response."""
    with naming(_task(task), "stops", TaskError):
        ends = tuple(task.stops(style))
    if not all(isinstance(stop, str) and stop for stop in ends):
        raise _wrong(task, f"has {ends!r:.80} as stops, not strings")
    return ends


def grade(task: Task, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
    """``task.grade``: a grade for each response."""
    with naming(_task(task), "grade", TaskError):
        grades = list(task.grade(problems, responses))
    if len(grades) != len(responses):
        raise _wrong(task, f"returned {len(grades)} grades for {len(responses)} responses")
    for verdict in grades:
        if not isinstance(verdict, Grade):
            raise _wrong(task, f"returned a {type(verdict).__name__} from grade, not a Grade")
        if not isinstance(verdict.outcome, Outcome):
            raise _wrong(
                task, f"returned a grade whose outcome is {verdict.outcome!r}, not an Outcome"
            )
        for field in (verdict.format, verdict.language, *verdict.fields.values()):
            if not isinstance(field, int | float) or not abs(field) <= LARGEST:
                raise _wrong(task, f"returned a grade with {field!r} where a finite number belongs")
    return grades


def reward(
    name: str,
    function: RewardFunction,
    problems: Sequence[Problem],
    texts: Sequence[str],
    grades: Sequence[Grade],
) -> list[Grade]:
    """The grades with what a reward function says of each as a field of its name."""
    reward = f"Reward '{name}'"
    with naming(reward, "its call, f(problems, texts, grades)", TaskError):
        said: object = function(list(problems), list(texts), list(grades))  # it may write in these
        values = [_plain(value) for value in said] if _listed(said) else None
    if values is None:
        raise TaskError(f"{reward} returned a {type(said).__name__}, not a number a response.")
    if len(values) != len(grades):
        raise TaskError(f"{reward} gave {len(values)} numbers for {len(grades)} responses.")
    for value in values:
        if not isinstance(value, Real) or not abs(value) <= LARGEST:  # type: ignore[operator]
            raise TaskError(f"{reward} gave {value!r:.40} where a finite number belongs.")
    return [
        replace(grade, fields={**grade.fields, name: float(value)})
        for grade, value in zip(grades, values, strict=True)
    ]


def _listed(said: object) -> TypeGuard[Iterable[Any]]:
    """Whether there is an order to its elements; of a mapping they would be the keys."""
    return isinstance(said, Iterable) and not isinstance(said, Mapping | Set)


def _plain(value: Any) -> Any:
    """An element of an array or of a tensor as Python's own number."""
    return value.item() if hasattr(value, "item") else value


def _task(task: Task) -> str:
    return f"Task '{task.name}'"


def _wrong(task: Task, fault: str) -> TaskError:
    return TaskError(f"{_task(task)} {fault}.")
