"""The two families that are trained on alone: one solved from the start, one never."""

from __future__ import annotations

import hashlib
import re

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Outcome, Problem, Split
from srpo_bench.tasks.micro.family import SIZES, bucket
from srpo_bench.tasks.micro.math import MicroMath, MicroMathEasy, MicroMathHard

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
BOTH = [MicroMathEasy(), MicroMathHard()]
GOLDEN = {"micro-math-easy": "16232d9bd64daa91", "micro-math-hard": "f163065863fecb33"}

each = pytest.mark.parametrize("task", BOTH, ids=lambda task: task.name)


@each
def test_they_are_drawn_the_same_everywhere_and_are_of_one_level(task: MicroMath) -> None:
    problems = [p for split in SPLITS for p in task.load(split)]
    assert len(problems) == sum(SIZES.values())
    assert {p.level for p in problems} == {"2"}
    text = "\n".join(f"{p.id} {p.question} {p.answer}" for p in problems)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == GOLDEN[task.name]


@each
def test_a_sum_that_micro_math_holds_out_is_never_trained_on(task: MicroMath) -> None:
    for split in SPLITS:
        for problem in task.load(split):
            assert bucket("micro-math", problem.id.partition("/")[2]) == split


@each
def test_the_working_is_graded_right_where_the_answer_is(task: MicroMath) -> None:
    for problem in task.load("dev")[:40]:
        careful = problem.meta["solution"]
        wrong = careful.replace(f"{{{problem.answer}}}", "{1}")
        found = task.grade([problem] * 2, [careful, wrong])
        assert [g.outcome for g in found] == [Outcome.CORRECT, Outcome.WRONG]


def test_the_easy_question_begins_the_careful_way_and_the_working_goes_on() -> None:
    """Question and working together are micro-math's of the same sum."""
    for problem in MicroMathEasy().load("train")[:40]:
        assert problem.question.endswith(".\nFrom ")
        assert re.match(r"\d+ [-+*/]\d=", problem.meta["solution"])


def test_hard_numbers_have_three_digits_on_the_way() -> None:
    for problem in MicroMathHard().load("train")[:200]:
        first, *steps = problem.meta["solution"].partition("\n")[0].removeprefix("From ").split()
        values = [int(first), *(int(step.partition("=")[2]) for step in steps)]
        assert all(100 <= value <= 999 for value in values)
        assert values[-1] == int(problem.answer)
        assert _holds(problem)


def _holds(problem: Problem) -> bool:
    body = problem.question.split(" ", 1)[1].rstrip(".\n")
    left, _, right = body.partition("=")
    value: int = eval(left, {"x": int(problem.answer)})  # noqa: S307 - our own text
    return value == int(right or problem.answer)


def test_the_default_pool_holds_both_and_scores_neither() -> None:
    values = layers.read_preset("micro")
    values.pop("algorithms")
    config = layers.parse(Config, values, "micro")
    assert {task.name for task in BOTH} <= set(config.data.tasks)
    assert not {task.name for task in BOTH} & set(config.evaluation_tasks)
    assert all(registry.get(name) for name in config.data.tasks)
