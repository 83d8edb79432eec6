"""Answers compared as text, or as the numbers that they state: a YAML task's simple graders."""

from __future__ import annotations

import unicodedata

from srpo_bench.tasks import numbers
from srpo_bench.tasks.base import Grade, Outcome, Problem
from srpo_bench.tasks.grading import language, last_boxed


def as_text(problem: Problem, response: str) -> Grade:
    """The last box, or else the whole response, is the answer, whatever the space between words and
    whichever way accents are coded."""
    box = last_boxed(response)
    answer = _plain(response if box is None else box)
    if not answer:
        return Grade(Outcome.UNPARSEABLE)
    right = answer == _plain(problem.answer)
    outcome = Outcome.CORRECT if right else Outcome.WRONG
    return Grade(outcome, float(box is not None), language(response), answer[:1000])


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def as_number(problem: Problem, response: str) -> Grade:
    """The number behind the last ``####``, of the last box, or else the last one."""
    answer = numbers.stated(response)
    if answer is None:
        return Grade(Outcome.UNPARSEABLE, 0.0, language(response))
    same = numbers.same(answer, problem.answer.strip(), problem.question)
    outcome = Outcome.CORRECT if same else Outcome.WRONG
    return Grade(outcome, 1.0, language(response), answer)
