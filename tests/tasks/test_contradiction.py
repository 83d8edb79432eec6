from __future__ import annotations

from dataclasses import replace

from srpo_bench.tasks.base import Problem
from srpo_bench.tasks.contradiction import contradictions

ONE = Problem("a-1", "sums", "math", "2 + 2?", "4")


def test_one_question_with_two_answers_is_told_once() -> None:
    other = replace(ONE, id="a-7", answer="5")
    assert contradictions([ONE, replace(ONE, id="a-2"), other, replace(other, id="a-8")]) == (
        "sums has a training question twice with different answers, so one of them rewards what "
        "is wrong (a-1: '4'; a-7: '5')."
    )


def test_several_are_counted() -> None:
    more = [replace(ONE, id="b", question="?"), replace(ONE, id="c", question="?", answer="")]
    told = contradictions([ONE, *more, replace(ONE, id="d", answer="5")])
    assert told.startswith("sums has 2 training questions twice with different answers")


def test_equal_answers_and_other_tests_of_a_program_are_no_contradiction() -> None:
    code = replace(ONE, kind="code")
    assert not contradictions([ONE, replace(ONE, id="b")])
    assert not contradictions([code, replace(code, id="b", answer="assert f(1) == 2")])
