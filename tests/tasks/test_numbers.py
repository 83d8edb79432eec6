from __future__ import annotations

from fractions import Fraction

import pytest

from srpo_bench.tasks.numbers import same, stated, value


@pytest.mark.parametrize(
    ("response", "number"),
    [
        ("#### 18", "18"), ("####18", "18"), ("#### $29.00", "29"), ("costs $29.00.", "29"),
        ("#### 70,000.00", "70000"), ("#### 1 000", "1000"), ("#### 12 345 678", "12345678"),
        ("#### 18 (as of 2024)", "18"), ("#### 018", "18"), ("#### .5", "0.5"), ("-$18", "-18"),
        ("#### １８", "18"), ("#### −5", "-5"), ("#### – 5", "-5"), ("#### $-5", "-5"),
        ("#### **18** eggs", "18"), ("#### \\$18", "18"), ("#### \\boxed{18}", "18"),
        ("#### 9*2 = 18", "18"), ("#### x = 18", "18"), ("#### The answer is 18.", "18"),
        ("#### 18{,}000", "18000"), ("#### 18\\,000", "18000"), ("#### 18%", "18"),
        ("#### 17\n#### 18", "18"), ("#### 18\nBy the way, 3 of 4 are red.", "18"),
        ("Day 1: 17. \\boxed{18}, as 9 * 2", "18"), ("#### eighteen, 9*2=18", "18"),
        ("of 20 she has 18...", "18"), ("$$18$$", "18"), ("18;", "18"), ("#### 1/2", "0.5"),
        ("#### 1.8e1", "18"), ("####\n18", "18"), ("10-5", "-5"),
    ],
)  # fmt: skip
def test_the_number_stated(response: str, number: str) -> None:
    assert same(stated(response), number)


@pytest.mark.parametrize(
    "response",
    [
        "#### 17 18", "#### 18 19", "#### 18 or 19", "#### 18, 19", "#### 18 and 19", "#### 18/19",
        "#### 18 (or 19)", "#### 18 + 1", "#### 18 eggs or 19 eggs", "#### 18,00", "#### 1,8",
        "#### 18 x 1", "18 or 19", "18.1.8", "#### 1/0", "#### eighteen", "#### -18", "1e18", "",
        "٣", "#### " + "1" * 10_000, "1/18", "#### 18 ^ 2", "#### 18 = 19", "#### 18e99999",
    ],
)  # fmt: skip
def test_what_does_not_state_eighteen(response: str) -> None:
    assert not same(stated(response), "18")


def test_values_are_exact() -> None:
    assert value("0.1") == Fraction(1, 10)
    assert value("1/3") == Fraction(1, 3)
    assert not same("0.3333333333333333", "1/3")
    assert value("3.14.15") is None
    assert same("2e3", "2,000")
