"""What each trial of a task asks of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from srpo_bench.harness.problems import promises, task_guard
from srpo_bench.tasks.base import Grade, Outcome, Problem, TaskError

FEW = [Problem(f"p{i}", "t", "math", f"q{i}", f"answer {i}") for i in range(2)]
TASK: Any = object()


def test_each_split_is_loaded_once_and_test_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(task: Any, split: str, data_dir: Any) -> list[Problem]:
        asked.append(split)
        if split == "train":
            raise TaskError(fault)
        return FEW

    monkeypatch.setattr(task_guard, "load", load)
    fault = "there is no train split"
    assert promises._loaded(TASK, None) == {"test": FEW, "dev": FEW}
    assert asked == ["test", "train", "dev"]
    fault = "Task 't' raised KeyError in load"
    with pytest.raises(TaskError, match="raised KeyError"):
        promises._loaded(TASK, None)


def test_every_problem_is_asked_in_both_styles_without_examples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def render(task: Any, problem: Problem, style: str, shots: int) -> Any:
        asked.append((problem.id, style, shots))
        return texts[style]

    texts: dict[str, Any] = {"base": "text", "chat": []}
    monkeypatch.setattr(task_guard, "render", render)
    monkeypatch.setattr(task_guard, "stops", lambda task, style: asked.append(style))
    assert promises._renders(TASK, FEW) == ""
    assert asked == [
        *(("p0", "base", 0), ("p0", "chat", 0), "base"),
        *(("p1", "base", 0), ("p1", "chat", 0), "base"),
    ]
    texts = {"base": [], "chat": []}
    assert promises._renders(TASK, FEW) == "style base gives no text"
    texts = {"base": "text", "chat": "text"}
    assert promises._renders(TASK, FEW) == "style chat gives no turns"


def test_the_first_problem_has_to_bear_hostile_responses_and_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def grade(task: Any, problems: list[Problem], responses: list[str]) -> None:
        assert threading.current_thread().daemon
        asked.append((problems, responses))
        if responses == [fails]:
            raise TaskError("It fails.")

    fails = ""
    monkeypatch.setattr(promises, "HOSTILE", ("a", "b" * 30))
    monkeypatch.setattr(task_guard, "grade", grade)
    assert promises._bounded(TASK, FEW) == ""
    assert asked == [(FEW[:1], [text]) for text in ("a", "b" * 30, "answer 0")]
    fails = "b" * 30
    assert promises._bounded(TASK, FEW) == f"It fails, for {'b' * 20!r}"
    assert len(asked) == 3 + 2


def test_one_that_takes_its_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, waits = threading.Event(), []

    class Thread(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            waits.append(timeout)
            waiting.set()
            super().join(timeout)

    monkeypatch.setattr(promises.threading, "Thread", Thread)
    monkeypatch.setattr(promises, "HOSTILE", ())
    monkeypatch.setattr(task_guard, "grade", lambda *_: waiting.wait(60))
    assert promises._bounded(TASK, FEW) == ""
    assert waits == [promises.SECONDS]


def test_grades_are_compared_with_those_of_the_other_way_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each problem with four hostile responses and every answer; whatever ran out of time once."""
    asked: list[list[Any]] = []

    def grade(task: Any, problems: list[Problem], responses: list[str]) -> list[Grade]:
        asked.append(list(zip([p.id for p in problems], responses, strict=True)))
        first = Grade(Outcome.CORRECT if len(asked) < 3 else Outcome.WRONG, repeatable=False)
        return [first, *(Grade(Outcome.CORRECT) for _ in responses[1:])]

    monkeypatch.setattr(promises, "HOSTILE", tuple("abcdef"))
    monkeypatch.setattr(task_guard, "grade", grade)
    assert promises._alone(TASK, FEW) == ""
    pairs = [(p.id, r) for p in FEW for r in (*"abcd", "answer 0", "answer 1")]
    assert asked == [pairs, pairs[::-1]]
    assert promises._alone(TASK, FEW) != ""
