from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srpo_bench.results.judgement import grim


@pytest.mark.parametrize(
    ("percent", "n", "expected"),
    [
        ("92.4", 164, []),
        ("92.1", 164, [151]),
        ("89.7", 1319, [1183]),
        ("50.0", 960, [480]),
        ("47.0", 960, [451]),
        ("50", 2, [1]),
    ],
)
def test_counts_that_round_to_the_figure(percent: str, n: int, expected: list[int]) -> None:
    assert grim.counts(percent, n) == expected


@settings(deadline=None)
@given(st.integers(1, 2000), st.data())
def test_every_true_count_is_found(n: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(0, n))
    printed = f"{float(Fraction(100 * m, n)):.1f}"
    assert m in grim.counts(printed, n)


def test_the_sentence_names_the_neighbours() -> None:
    said = grim.sentence("92.4", 164)
    assert "cannot" in said
    assert "151/164 = 92.07" in said
    assert "152/164 = 92.68" in said


def test_halves_may_be_rounded_either_way_and_no_count_is_beyond_all() -> None:
    assert grim.counts("0.1", 2000) == [1, 2, 3]  # 0.05, 0.1 and 0.15 %
    assert grim.counts("0.2", 2000) == [3, 4, 5]
    assert grim.counts("100.0", 2000) == [1999, 2000]
    assert grim.counts("0.0", 2000) == [0, 1]


def test_the_neighbour_above_may_be_all_and_none_is_beyond() -> None:
    assert grim.sentence("99.0", 3) == (
        "99.0 % cannot be a score over 3 answers: 2/3 = 66.67, 3/3 = 100.00"
    )
    assert grim.sentence("100.4", 3).endswith(": 3/3 = 100.00")
    assert grim.sentence("50.0", 2) == "50.0 % can be a score over 2 answers: 1/2"
    assert grim.sentence("50", 200) == "50 % can be a score over 200 answers: 99 to 101 of 200"
