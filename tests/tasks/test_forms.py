"""Every honest form of a right answer is right: a choice of problems here, all in integration."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from srpo_bench.tasks import humaneval, mbpp
from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.sandbox import Limits, Program, Sandbox, isolation
from tests.tasks.forms import INSIDE, NEVER, WHOLE, Solution

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
pytestmark = pytest.mark.skipif(not isolation().usable, reason=isolation().why)
AMBIGUOUS = {("inside in a fence, dedented, then usage", "humaneval/39")}
"""Its inside, dedented, looks like a program of its own: a helper, and a loop that returns."""


def chosen(problems: Sequence[Problem]) -> list[Problem]:
    return random.Random("forms").sample(problems, 6)


def misjudged(cases: Sequence[tuple[str, Problem, Program]]) -> set[tuple[str, str]]:
    """(form, problem) whose outcome is not what the form's kind says."""
    wrong = set()
    for limits in (Limits(), *mbpp.SLOW.values()):
        group = [case for case in cases if mbpp.SLOW.get(case[1].id, Limits()) == limits]
        with Sandbox(2, limits) as sandbox:
            verdicts = sandbox.run([program for _, _, program in group])
        wrong |= {
            (form, problem.id)
            for (form, problem, _), verdict in zip(group, verdicts, strict=True)
            if (verdict.outcome is Outcome.CORRECT) == (form in NEVER)
        }
    return wrong


def humaneval_cases(problems: Sequence[Problem]) -> list[tuple[str, Problem, Program]]:
    return [
        (name, p, humaneval.program(p, form(Solution(p.meta["entry_point"], whole, inside))))
        for p in problems
        for inside in [p.meta["solution"]]
        for whole in [p.question + inside]
        for name, form in {**WHOLE, **INSIDE, **NEVER}.items()
    ]


def mbpp_cases(problems: Sequence[Problem]) -> list[tuple[str, Problem, Program]]:
    forms = {**WHOLE, **NEVER, "base style's marks": lambda s: f"[BEGIN]\n{s.whole}\n[DONE]\n"}
    return [
        (name, p, mbpp.program(p, form(Solution(p.meta["entry_point"], p.meta["solution"]))))
        for p in problems
        for name, form in forms.items()
    ]


def test_some_humaneval_solutions() -> None:
    problems = chosen(humaneval.HumanEval().load("test"))
    assert misjudged(humaneval_cases(problems)) == set()


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_some_mbpp_solutions() -> None:
    assert misjudged(mbpp_cases(chosen(mbpp.Mbpp().load("test", DATA)))) == set()


@pytest.mark.integration
def test_all_humaneval_solutions() -> None:
    problems = humaneval.HumanEval().load("test")
    assert len(problems) == 164
    assert misjudged(humaneval_cases(problems)) == AMBIGUOUS


@pytest.mark.integration
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_200_mbpp_solutions() -> None:
    assert misjudged(mbpp_cases(mbpp.Mbpp().load("test", DATA)[:200])) == set()
