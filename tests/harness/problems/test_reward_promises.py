"""A reward function is tried at planning: what its runs would meet, and what none shows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest

from srpo_bench.harness.problems.reward_promises import check
from srpo_bench.tasks.base import Grade, Outcome, Problem
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k

FINITE = "a finite number for each response"
SAME = "the same numbers for the same responses"


def faults(function: Any) -> dict[str, str]:
    return {p.name: p.fault for p in check("mine", function, MicroGsm8k(), None)}


def test_it_sees_problems_with_responses_right_and_wrong() -> None:
    seen: list[Any] = []

    def mine(problems: Sequence[Problem], texts: Sequence[str], grades: Sequence[Grade]) -> Any:
        seen.append((problems, texts, grades))
        return [len(text) for text in texts]

    assert faults(mine) == {FINITE: "", SAME: ""}
    (problems, texts, grades), again = seen
    assert (problems, texts, grades) == again
    assert len(problems) == len(texts) == len(grades) == 10
    assert len({problem.id for problem in problems}) == 2
    assert texts[:3] == ["", "no answer here", problems[0].answer]
    assert {grade.outcome for grade in grades} > {Outcome.CORRECT}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda completions, **_: [1.0 for _ in completions], "f(problems, texts, grades): "),
        (lambda *_: 1.0, "Reward 'mine' returned a float, not a number a response."),
        (lambda *_: [1.0], "gave 1 numbers for 10 responses."),
        (lambda *_: [float("nan")] * 10, "gave nan where a finite number belongs."),
    ],
)
def test_a_fault_that_each_run_would_meet_is_told(function: Any, said: str) -> None:
    (found,) = faults(function).items()
    assert found[0] == FINITE
    assert said in found[1]


def test_the_largest_number_is_finite() -> None:
    most = 3.4028234663852886e38  # of float32, in which rewards are
    assert faults(lambda *_: [most, -most] * 5) == {FINITE: "", SAME: ""}
    assert faults(lambda *_: [3.5e38] * 10).keys() == {FINITE}


def test_what_differs_from_call_to_call_is_told() -> None:
    count = itertools.count()
    stateful = faults(lambda p, texts, g: [next(count)] * len(texts))[SAME]
    assert stateful.startswith("'' is worth 0 and, asked again, 1; a run that is resumed")
    drawn = faults(lambda p, texts, g: [random.random() for _ in texts])[SAME]
    assert "asked again" in drawn
