from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.tasks.base import Problem
from srpo_bench.tasks.contamination import contaminated
from srpo_bench.tasks.humaneval import HumanEval
from srpo_bench.tasks.mbpp import Mbpp

DATA = Path(__file__).resolve().parents[2] / "../shared/data"

WORDS = [f"word{n}" for n in range(13)]


def problem(name: str, question: str) -> Problem:
    return Problem(name, "t", "math", question, "")


def test_same_question_whatever_its_punctuation() -> None:
    found = contaminated(
        [problem("a", "How  many?"), problem("b", "Why")], [problem("e", "how MANY")]
    )
    assert found == {"a": "same question as e"}
    long = " ".join(WORDS)
    found = contaminated([problem("a", long)], [problem("f", f"{long} or"), problem("e", long)])
    assert found == {"a": "same question as e"}  # and not thirteen words in a row of the other


def test_thirteen_words_in_a_row_overlap_and_twelve_do_not() -> None:
    evaluation = [problem("e", "before " + " ".join(WORDS) + " after")]
    train = [
        problem("a", "x " + ", ".join(WORDS)),
        problem("b", "x " + " ".join(WORDS[:12]) + " y"),
    ]
    assert contaminated(train, evaluation) == {"a": "13 words in a row shared with e"}


def function(name: str, entry_point: str) -> Problem:
    return Problem(name, "t", "code", name, "", meta={"entry_point": entry_point})


def test_a_function_of_the_same_name_overlaps_unless_the_name_says_nothing() -> None:
    evaluation = [function("e1", "triangle_area"), function("e2", "solve"), problem("e3", "x")]
    train = [function("a", "triangleArea"), function("b", "solve"), function("c", "triangle")]
    assert contaminated(train, evaluation) == {"a": "function triangle_area as in e1"}
    found = contaminated([function("a", "parseURL2")], [function("e", "parse_url_2")])
    assert found == {"a": "function parse_url_2 as in e"}
    assert not contaminated([function("a", "parseURL2")], [function("e", "parse_2")])


@pytest.mark.skipif(not (DATA / "mbpp").is_dir(), reason=f"no MBPP files in {DATA}")
def test_what_mbpp_shares_with_humaneval() -> None:
    """One of 374 to train on; in the splits that are not trained on, those that share a name."""
    evaluation = HumanEval().load("test")
    mbpp = {split: Mbpp().load(split, DATA) for split in ("train", "dev", "test")}
    found = {split: set(contaminated(group, evaluation)) for split, group in mbpp.items()}
    assert found == {
        "train": {"mbpp/626"},  # triangle_area
        "dev": {"mbpp/550"},  # find_max
        "test": {"mbpp/33", "mbpp/99", "mbpp/357", "mbpp/418"},  # decimal_to_binary, find_max
    }
