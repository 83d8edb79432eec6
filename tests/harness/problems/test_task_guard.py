from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from srpo_bench.harness.problems import task_guard
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome, Problem, Task, TaskError
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k

PROBLEM = MicroGsm8k().load("test")[0]


def task(**methods: Callable[..., Any]) -> Task:
    """micro-gsm8k with some of its methods replaced."""
    kind = type("Mine", (MicroGsm8k,), {k: lambda self, *a, f=f: f(*a) for k, f in methods.items()})
    made = kind()
    assert isinstance(made, Task)
    return made


@pytest.mark.parametrize("name", [n for n in registry.BUILT_IN if n.startswith("micro-")])
def test_tasks_of_the_house_pass(name: str) -> None:
    ours = registry.get(name)
    problem: Problem = task_guard.load(ours, "test", None)[0]
    assert task_guard.render(ours, problem, "base", 0) == problem.question
    assert task_guard.render(ours, problem, "chat", 1)
    assert task_guard.stops(ours, "base") == ours.stop
    assert [g.accuracy for g in task_guard.grade(ours, [problem], ["?"])] == [0]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (["a"], "loaded a str, not a Problem."),
        (
            [replace(PROBLEM, task="gsm8k")],
            f"loaded problem '{PROBLEM.id}' of another task, 'gsm8k'.",
        ),
        ([PROBLEM, PROBLEM], f"loaded two problems with the id '{PROBLEM.id}'."),
        (None, "raised TypeError in load: 'NoneType' object is not iterable"),
    ],
)
def test_what_load_returns(found: Any, sentence: str) -> None:
    with pytest.raises(TaskError) as error:
        task_guard.load(task(load=lambda *_: found), "test", None)
    assert str(error.value) == f"Task 'micro-gsm8k' {sentence}"


@pytest.mark.parametrize("prompt", [7, "", None, [], ["turn"], [{"role": "user"}]])
def test_what_render_returns(prompt: Any) -> None:
    with pytest.raises(TaskError, match=r"^Task 'micro-gsm8k' rendered .*, neither a text nor"):
        task_guard.render(task(render=lambda *_: prompt), PROBLEM, "base", 0)


@pytest.mark.parametrize(
    ("grades", "sentence"),
    [
        ([], "returned 0 grades for 1 responses."),
        (["correct"], "returned a str from grade, not a Grade."),
        ([Grade("correct")], "returned a grade whose outcome is 'correct', not an Outcome."),  # type: ignore[arg-type]
        ([Grade(Outcome.CORRECT, format=float("nan"))], "returned a grade with nan where a finite"),
    ],
)
def test_what_grade_returns(grades: Any, sentence: str) -> None:
    with pytest.raises(TaskError) as error:
        task_guard.grade(task(grade=lambda *_: grades), [PROBLEM], ["4"])
    assert str(error.value).startswith(f"Task 'micro-gsm8k' {sentence}")


def test_what_a_task_raises_bears_its_name() -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("answer")

    ours = task(load=broken, render=broken, stops=broken, grade=broken)
    calls = {
        "load": lambda: task_guard.load(ours, "test", None),
        "render": lambda: task_guard.render(ours, PROBLEM, "base", 0),
        "stops": lambda: task_guard.stops(ours, "base"),
        "grade": lambda: task_guard.grade(ours, [PROBLEM], ["4"]),
    }
    for verb, call in calls.items():
        with pytest.raises(TaskError, match=f"'micro-gsm8k' raised KeyError in {verb}: 'answer'"):
            call()


def test_a_tasks_own_complaint_stays_as_it_is() -> None:
    def complain(*_: Any) -> Any:
        raise TaskError("Put gsm8k/test.jsonl into --data-dir.")

    with pytest.raises(TaskError, match=r"^Put gsm8k/test\.jsonl into --data-dir\.$"):
        task_guard.load(task(load=complain), "test", None)
