from __future__ import annotations

from fractions import Fraction

import pytest

from srpo_bench.tasks.arithmetic import worked, written

NUMBERS = [Fraction(24), Fraction(8), Fraction("0.5")]


@pytest.mark.parametrize(
    ("equation", "lines", "result"),
    [
        ("- number0 number1", "24 - 8 = 16", 16),
        ("* - number0 number1 number2", "24 - 8 = 16\n16 * 0.5 = 8", 8),
        ("/ number1 + number0 number1", "24 + 8 = 32\n8 / 32 = 0.25", Fraction(1, 4)),
        ("+ number0 100.0", "24 + 100 = 124", 124),
        ("number0", "", 24),
    ],
)
def test_worked(equation: str, lines: str, result: Fraction) -> None:
    assert worked(equation, NUMBERS) == (lines, result)


@pytest.mark.parametrize(
    "equation",
    ["", "-", "- number0", "- number0 number1 7", "/ number0 0", "/ 1 3", "number3", "x"],
)
def test_what_is_no_calculation(equation: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        worked(equation, NUMBERS)


def test_written() -> None:
    assert [written(Fraction(n)) for n in ("3.0", "-0.50", "1e5", "0", "0.0001", "10")] == [
        "3", "-0.5", "100000", "0", "0.0001", "10",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no end within 4 decimal places"):
        written(Fraction(1, 3))
