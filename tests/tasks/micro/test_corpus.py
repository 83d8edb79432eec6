"""The pretraining corpus: shares given, and the prior at the first token."""

from __future__ import annotations

import hashlib
from itertools import islice

import pytest

from srpo_bench.tasks.micro.corpus import (
    CHOSEN_CAREFUL,
    FAMILIES,
    GIVEN_CAREFUL,
    Example,
    examples,
)


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    """Standard error of a share of a quarter of these: at most 1.1 points."""
    return list(islice(examples(7), 8_000))


def is_careful(answer: str) -> bool:
    return answer.startswith(("Start ", "From ", "    n "))


def test_same_seed_same_stream_other_seed_another(drawn: list[Example]) -> None:
    assert list(islice(examples(7), 50)) == drawn[:50]
    assert list(islice(examples(8), 50)) != drawn[:50]


def test_the_stream_is_the_same_everywhere() -> None:
    """A changed digest means another corpus: the shipped base could not be made again."""
    text = "\n".join(map(repr, islice(examples(7), 300)))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "886fcbee377511ae"


def test_careful_answers_are_given_often(drawn: list[Example]) -> None:
    share = sum(is_careful(e.response) for e in drawn) / len(drawn)
    assert share == pytest.approx(GIVEN_CAREFUL, abs=0.015)


@pytest.mark.parametrize("level", sorted(CHOSEN_CAREFUL))
def test_first_label_is_drawn_from_the_prior_whatever_was_given(
    level: int, drawn: list[Example]
) -> None:
    for given in (True, False):
        there = [e for e in drawn if e.level == level and is_careful(e.response) is given]
        share = sum(is_careful(e.opening) for e in there) / len(there)
        assert share == pytest.approx(CHOSEN_CAREFUL[level], abs=0.05)


def test_families_take_turns(drawn: list[Example]) -> None:
    names = [task.name for task in FAMILIES]
    assert [e.task for e in drawn[:6]] == names * 2


def test_openings_of_one_way_share_their_first_word(drawn: list[Example]) -> None:
    """The way is visible at the first token: two first words a family, and no more."""
    first: dict[tuple[str, bool], set[str]] = {}
    for e in drawn[:3000]:
        words = e.opening.lstrip().replace("{", " ").split(" ")
        first.setdefault((e.task, is_careful(e.opening)), set()).add(words[0])
    assert len(first) == 6
    assert all(len(words) == 1 for words in first.values())
