from __future__ import annotations

from dataclasses import replace

import pytest

from srpo_bench.tasks.base import Problem
from srpo_bench.tasks.prompting import Form, solution

POOL = [Problem(f"t/{i}", "t", "math", f"q{i}", "", meta={"solution": f"s{i}"}) for i in range(4)]
FORM = Form(
    turn=lambda p: f"{p.question}?",
    reply=lambda p: f"{solution(p)}!",
    head=lambda p: f"Q: {p.question} A:",
    rest=lambda p: f" {solution(p)}\n",
)


def test_base_style_runs_examples_and_question_together() -> None:
    assert FORM.prompt(POOL[3], "base", 2, lambda: POOL) == "Q: q0 A: s0\nQ: q1 A: s1\nQ: q3 A:"


def test_chat_style_gives_each_example_two_turns() -> None:
    assert FORM.prompt(POOL[3], "chat", 1, lambda: POOL) == [
        {"role": "user", "content": "q0?"},
        {"role": "assistant", "content": "s0!"},
        {"role": "user", "content": "q3?"},
    ]


def test_the_problem_is_no_example_of_itself() -> None:
    assert FORM.prompt(POOL[0], "base", 1, lambda: POOL) == "Q: q1 A: s1\nQ: q0 A:"
    elsewhere = replace(POOL[0], id="short/0", task="short")  # the same one in another task
    assert FORM.prompt(elsewhere, "base", 1, lambda: POOL) == "Q: q1 A: s1\nQ: q0 A:"


def test_an_example_goes_on_where_a_response_begins() -> None:
    assert (FORM.answer(POOL[2], "chat"), FORM.answer(POOL[2], "base")) == ("s2!", " s2")


def test_examples_are_loaded_where_they_are_shown_only() -> None:
    def load() -> list[Problem]:
        pytest.fail("no examples are shown")

    assert FORM.prompt(POOL[0], "base", 0, load) == "Q: q0 A:"
