"""What a task promises, tried: its problems, its prompts, and its grader on what models write.

Problems are loaded twice and compared; responses are hostile, as a model's are: empty, endless,
nested, not English. A grade depends on its own problem and response, not on a round's order.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.promise import RUNS, Promise
from srpo_bench.tasks.base import DataError, Grade, Problem, Split, Task, TaskError

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
FEW = 4
"""Problems that are asked and graded; each is given every response below."""

SECONDS = 30.0
"""Longest that grading one hostile response may take, many times what any grader needs."""

HOSTILE = (
    "",
    " \n\t",
    "no answer here",
    "\\boxed{",
    "{" * 5_000,
    "(" * 5_000 + "1" + ")" * 5_000,
    "\\boxed{" + "9^" * 2_000 + "9}",
    "#### " + "9" * 20_000,
    "答案是四十二。 \u202e\ud7ff\x00",
    "word " * 20_000,
)


def check(task: Task, data_dir: Path | None) -> list[Promise]:
    """Try every promise of a task; the first one is that it can be loaded at all.

    Raises:
        TaskError: its data are missing, which says nothing about the task.
    """
    try:
        splits = _loaded(task, data_dir)
    except TaskError as error:
        return [Promise(RUNS, str(error).rstrip("."))]
    if not any(splits.values()):
        return [Promise(RUNS, "no split holds a problem")]
    few = [p for problems in splits.values() for p in problems[:FEW]][:FEW]
    return [
        Promise(RUNS),
        Promise("a split is the same each time it is loaded", _steady(task, splits, data_dir)),
        Promise("splits share no problem", _apart(splits)),
        Promise("a problem is asked as text and as a chat", _renders(task, few)),
        Promise("any response is graded, within bounds of time", _bounded(task, few)),
        Promise("a grade depends on its own response alone", _alone(task, few)),
        Promise("grading draws from no global generator", _undrawn(task, few)),
    ]


def _loaded(task: Task, data_dir: Path | None) -> dict[Split, list[Problem]]:
    """Every split that there is; a task may have no train or dev."""
    splits: dict[Split, list[Problem]] = {"test": task_guard.load(task, "test", data_dir)}
    for split in SPLITS[:2]:
        try:
            splits[split] = task_guard.load(task, split, data_dir)
        except TaskError as error:
            if isinstance(error, DataError) or "raised" in str(error):
                raise
    return splits


def _steady(task: Task, splits: dict[Split, list[Problem]], data_dir: Path | None) -> str:
    for split, problems in splits.items():
        if task_guard.load(task, split, data_dir) != problems:
            return f"{split} is another the second time; make it of fixed seeds"
    return ""


def _apart(splits: dict[Split, list[Problem]]) -> str:
    seen: dict[str, Split] = {}
    for split, problems in splits.items():
        for problem in problems:
            if seen.setdefault(problem.id, split) != split:
                return f"{problem.id!r} is in {seen[problem.id]} and in {split}"
    questions = {s: {p.question for p in problems} for s, problems in splits.items()}
    for problem in splits.get("train", []):
        if problem.question in questions["test"]:
            return f"{problem.id!r} of train is asked in test, too"
    return ""


def _renders(task: Task, few: Sequence[Problem]) -> str:
    try:
        for problem in few:
            if not isinstance(task_guard.render(task, problem, "base", 0), str):
                return "style base gives no text"
            if isinstance(task_guard.render(task, problem, "chat", 0), str):
                return "style chat gives no turns"
            task_guard.stops(task, "base")
    except TaskError as error:
        return str(error).rstrip(".")
    return ""


def _bounded(task: Task, few: Sequence[Problem]) -> str:
    """Each alone, so that the one that hangs or raises is named; a thread that hangs is left."""
    for response in (*HOSTILE, few[0].answer):
        faults: list[str] = []

        def grade(response: str = response, faults: list[str] = faults) -> None:
            try:
                task_guard.grade(task, [few[0]], [response])
            except Exception as error:
                faults.append(f"{str(error).rstrip('.')}, for {response[:20]!r}")

        thread = threading.Thread(target=grade, daemon=True)
        thread.start()
        thread.join(SECONDS)
        if thread.is_alive():
            return f"{response[:20]!r}… ({len(response)} characters) took over {SECONDS:.0f} s"
        if faults:
            return faults[0]
    return ""


def _alone(task: Task, few: Sequence[Problem]) -> str:
    pairs = [(p, r) for p in few for r in (*HOSTILE[:4], *(q.answer for q in few))]
    forward = _grades(task, pairs)
    back = _grades(task, pairs[::-1])[::-1]
    for (_, response), ahead, behind in zip(pairs, forward, back, strict=True):
        if ahead != behind:
            return f"{response[:20]!r} is graded otherwise when others are graded before it"
    return ""


def _grades(task: Task, pairs: Sequence[tuple[Problem, str]]) -> list[Grade]:
    try:
        grades = task_guard.grade(task, [p for p, _ in pairs], [r for _, r in pairs])
    except TaskError:
        return [None] * len(pairs)  # type: ignore[list-item]  # _bounded reports it
    return [replace(grade, repeatable=True) for grade in grades]


def _undrawn(task: Task, few: Sequence[Problem]) -> str:
    before = random.getstate()
    _grades(task, [(p, p.answer) for p in few])
    moved = random.getstate() != before
    return "it draws from Python's random; a grade is a function of its response" if moved else ""
