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
