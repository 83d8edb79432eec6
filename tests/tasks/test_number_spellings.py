# ruff: noqa: E501 - a table of cases is read best in few lines
"""Every branch of the patterns by which a stated number is read: no mutant of the code touches them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from srpo_bench.tasks.numbers import same, stated, value

SCALES = {
    "k": 10**3, "K": 10**3, "M": 10**6, "mn": 10**6, "B": 10**9, "bn": 10**9, " dozen": 12,
    " hundred": 100, " thousand": 10**3, " lakh": 10**5, " million": 10**6, " crore": 10**7,
    " billion": 10**9, " trillion": 10**12, "-million": 10**6, " millions": 10**6,
    " hundred thousand": 10**5,
    **{f" {word}{s}": Fraction(1, n) for s in ("", "s") for n, word in enumerate((
        "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 3)},
    " hundredths": Fraction(1, 100), " thousandths": Fraction(1, 1000),
}  # fmt: skip


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_is_part_of_the_number(scale: str) -> None:
    assert value(f"7{scale}") == 7 * SCALES[scale]
    assert value(f"-7{scale}") == -7 * SCALES[scale]


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        *((f"7 {times} 10{power}2", 700) for times in "x×*" for power in ("^", "**")),
        *((rf"7 {times} 10^{{-2}}", Fraction(7, 100)) for times in (r"\times", r"\cdot")),
        ("7×10^2", 700), ("7E2", 700), ("7e+2", 700), ("7e-2", Fraction(7, 100)),
        ("1,234.5", Fraction("1234.5")), ("12,34,567.5", Fraction("1234567.5")), (".5", Fraction(1, 2)),
        ("1,234", 1234), ("12,34,567", 1234567), ("7 1/2", Fraction(15, 2)), ("7:00", 7),
        ("12,34", None), ("1,2345", None), ("7:30", None), ("7:00:01", None), ("--7", None),
    ],
)  # fmt: skip
def test_how_a_number_is_written(text: str, worth: Fraction | None) -> None:
    assert value(text) == worth


@pytest.mark.parametrize(
    "before", ["*", "**", "_", "`", '"', "(", "{", "[", "~", ":", "=", "+", "$", "\\$", "\\("]
)
def test_what_stands_before_it(before: str) -> None:
    assert stated(f"Of 3 things\n#### {before}7 apples for 2") == "7"
    assert stated(f"Of 3 things\n#### {before}<7>") == "7"


@pytest.mark.parametrize("half", ["a half", "one half", "one-half", "a-half"])
def test_a_half_in_words(half: str) -> None:
    assert same(stated(f"#### 7 and {half}"), "7.5")
    assert same(stated(f"#### 7 {half}"), "7.5")


@pytest.mark.parametrize("says", [":", "=", " is", " are"])
def test_what_is_named_first(says: str) -> None:
    for label in (f"The total{says}", f"It is so: the total{says}", f"They are x = total{says}"):
        assert stated(f"#### {label} 7 apples for 2") == "7"


BOUNDS = [
    "<", ">", "≤", "≥", "<=", ">=", r"\le", r"\leq", r"\ge", r"\geq", "≠", "!=", r"\ne", r"\neq", r"\lt", r"\gt", "not", "more than", "less than", "fewer than",
    "greater than",
]  # fmt: skip


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_bound_is_no_number(bound: str) -> None:
    for before in ("", "*", "$", "\\(", "(", "{", "[", " "):
        assert not same(stated(f"#### {before}{bound} 7"), "7")


REMARKS = "of out in for from per at by on since as than after before because with when if while"


@pytest.mark.parametrize("word", REMARKS.split())
def test_a_remark_may_follow(word: str) -> None:
    assert stated(f"#### 7 {word} 2") == "7"


JOINED = [*"-+*/x×÷^&;:?'\"|,=~_%", "**", "//", "||", "==", "+/-", r"\times", r"\cdot", r"\pm", "±", "and", "to"]  # fmt: skip


@pytest.mark.parametrize("joint", JOINED)
def test_a_number_goes_on(joint: str) -> None:
    for second in ("2", "$2", r"\$2", ".2", "-2"):
        assert not same(stated(f"#### 7 {joint} {second}"), "7")


def test_two_numbers_are_none() -> None:
    for text in ("7+", "7 + x", "x=7, y=2", "A: 7, B: 2", "7 apples, 2 pears", "(7)(2)"):
        assert not same(stated(f"#### {text}"), "7")
    for text in ("7 2", "7(2)", "7 apples 2", "7 apples and 2", "7 apples -$2", "7 or so"):
        assert not same(stated(f"#### {text}"), "7")
    for text in ("123 456/2", "1234 567", "123 456 7"):
        assert not same(stated(f"#### {text}"), text.replace(" ", ""))
    assert same(stated("#### 123 456 apples"), "123456")


@pytest.mark.parametrize(
    "kind",
    ["text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "mathrm", "mbox"],
)
def test_words_in_other_type(kind: str) -> None:
    for gap in ("", " "):
        assert same(stated(rf"#### 7 \{kind}{gap}{{ million}}"), "7000000")
    assert same(stated("#### 7~000"), "7000")
    assert same(stated("#### - $7"), "-7")
