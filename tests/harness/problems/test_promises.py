"""Tasks that keep their promises pass; each fault is found and named."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from srpo_bench.harness.problems import promises
from srpo_bench.harness.problems.promises import check
from srpo_bench.tasks.base import Grade, Outcome, Problem, Prompt, Split, Style, TaskError
from srpo_bench.tasks.described import read
from srpo_bench.tasks.micro.math import MicroMath


class Shifting(MicroMath):
    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        problems = super().load(split)
        random.shuffle(problems)
        return problems


class Shared(MicroMath):
    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        return [replace(p, id=f"{split}/{i}") for i, p in enumerate(super().load("test"))]


class OnlyText(MicroMath):
    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        return "?"


class Raises(MicroMath):
    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        return [Grade(Outcome.WRONG, answer=r.split()[0]) for r in responses]


class Hangs(MicroMath):
    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        if any(len(response) > 4_000 for response in responses):
            time.sleep(1.0)
        return super().grade(problems, responses)


class Remembers(MicroMath):
    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        seen: set[str] = set()
        grades = []
        for response in responses:
            grades.append(Grade(Outcome.WRONG if response in seen else Outcome.CORRECT))
            seen.add(response)
        return grades


class Draws(MicroMath):
    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        random.random()
        return super().grade(problems, responses)


def faults(kind: type[MicroMath]) -> dict[str, str]:
    return {promise.name: promise.fault for promise in check(kind(), None) if promise.fault}


def test_a_task_of_ours_keeps_them_all() -> None:
    assert faults(MicroMath) == {}


@pytest.mark.parametrize(
    ("kind", "promise", "fault"),
    [
        (Shifting, "a split is the same each time it is loaded", "is another the second time"),
        (Shared, "splits share no problem", "of train is asked in test, too"),
        (OnlyText, "a problem is asked as text and as a chat", "style chat gives no turns"),
        (Raises, "any response is graded, within bounds of time", "raised IndexError in grade"),
        (Hangs, "any response is graded, within bounds of time", "characters) took over 0 s"),
        (Remembers, "a grade depends on its own response alone", "is graded otherwise when others"),
        (Draws, "grading draws from no global generator", "draws from Python's random"),
    ],
)
def test_each_fault_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: type[MicroMath], promise: str, fault: str
) -> None:
    if kind is Hangs:
        monkeypatch.setattr(promises, "SECONDS", 0.1)
    assert fault in faults(kind)[promise]


def test_a_task_that_cannot_be_loaded_is_told_as_such(tmp_path: Path) -> None:
    class Empty(MicroMath):
        def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
            raise KeyError("rows")

    (told,) = check(Empty(), None)
    assert told.fault == "Task 'micro-math' raised KeyError in load: 'rows'"


def test_a_split_that_is_not_there_is_none_and_one_that_breaks_is_a_fault() -> None:
    class Halves(MicroMath):
        def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
            if split == "train":
                raise TaskError("there is no train split")
            if split == "dev" and self.broken:
                raise KeyError("dev")
            return super().load(split, data_dir)

    task = Halves()
    task.broken = False
    assert promises._loaded(task, None).keys() == {"test", "dev"}
    task.broken = True
    with pytest.raises(TaskError, match="raised"):
        promises._loaded(task, None)


@pytest.mark.parametrize("spoiled", [0, 17])
def test_a_row_that_cannot_be_used_is_a_fault_in_every_split(tmp_path: Path, spoiled: int) -> None:
    rows = [f'{{"q": "{i}?", "a": {"null" if i == spoiled else i}}}\n' for i in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(rows))
    (tmp_path / "own.yaml").write_text("{data: rows.jsonl, prompt: '{q}', answer: '{a}'}")
    (told,) = check(read(tmp_path / "own.yaml", tmp_path)(), None)
    assert told.name == "it runs"
    assert f"rows.jsonl, line {spoiled + 1}: expected text or a number" in told.fault
