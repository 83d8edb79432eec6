from __future__ import annotations

from tasks.base import Problem
from tasks.contamination import contaminated

WORDS = [f"word{n}" for n in range(13)]


def problem(name: str, question: str) -> Problem:
    return Problem(name, "t", "math", question, "")


def test_same_question_whatever_its_punctuation() -> None:
    found = contaminated(
        [problem("a", "How  many?"), problem("b", "Why")], [problem("e", "how MANY")]
    )
    assert found == {"a": "same question as e"}


def test_thirteen_words_in_a_row_overlap_and_twelve_do_not() -> None:
    evaluation = [problem("e", "before " + " ".join(WORDS) + " after")]
    train = [
        problem("a", "x " + ", ".join(WORDS)),
        problem("b", "x " + " ".join(WORDS[:12]) + " y"),
    ]
    assert contaminated(train, evaluation) == {"a": "13 words in a row shared with e"}
