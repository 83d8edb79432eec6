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
        ("\\boxed{about 18} of 20", "18"), ("#### -£18", "-18"), ("#### 9*2 ＝ 18", "18"),
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
    assert value("$-5") == value("-$5") == -5
    assert value("1{,}000") == 1000
    assert (value("1" * 60), value("1" * 61)) == (int("1" * 60), None)
    assert not same("1,8", "1,8")
    assert stated("so 17 or 18") == "17 or 18"


@pytest.mark.parametrize(
    ("response", "number"),
    [
        # several marks, headings and boxes: the last that states a number
        ("#### 18\n\n#### Explanation\nThere are 4 of them.", "18"),
        ("#### Step 1: add\n3 + 4 = 7\n#### Step 2: finish\n= 18", "18"),
        ("#### 17\nWait. \\boxed{18}", "18"), ("\\boxed{17}\n#### 18", "18"),
        ("#### 1. Add\n4 + 5 = 9\n#### 2. Multiply\nby 2: 18", "18"),
        ("#### **1.** Add\n9\n#### 2) __Double__ it\n18", "18"),
        ("#### 1. Add\n9\n#### 18. It is so.", "18"),
        ("#### 1. Add\n#### 1. Double\n#### 2. End\nso 18", "18"), ("#### 1. Add\n#### 18", "18"),
        ("#### Answer:\n18 eggs", "18"), ("#### Total = $18", "18"), ("#### <18>", "18"),
        ("#### => 18", "18"),
        # a remark, and no other number
        ("#### 18 (9 * 2)", "18"), ("#### 18 out of 20", "18"), ("#### 18 in 2 days", "18"),
        ("#### 18. 9 * 2 = 18", "18"), ("#### 18 cm²", "18"), ("#### 17.6 ≈ 18", "18"),
        # as other people write numbers
        ("#### ١٨", "18"), ("#### १८", "18"), ("#### ₩18", "18"), ("#### 18\u200b", "18"),
        ("#### 70'000", "70000"), ("#### 70_000", "70000"), ("#### 7,00,000", "700000"),
        ("\\boxed{70\\ 000}", "70000"), ("#### 0٫5", "0.5"),
        ("\\boxed{\\$70,\\!000}", "70000"),
        # worked lines with units
        ("#### 9 eggs * $2/egg = $18", "18"), ("#### 6 boxes x 3 toys per box = 18 toys", "18"),
        ("#### 9 \\text{ eggs} \\times 2 = 18", "18"), ("#### 20 eggs - 2 eggs = 18 eggs", "18"),
        ("#### 20% of $90 = $18", "18"), ("#### 1/2 of 36 = 18", "18"),
        ("#### 3 bags of 6 apples = 18", "18"), ("#### 18 out of 20 = 90%", "18"),
        ("#### 18 of 20 (90% = 18/20)", "18"),
        ("#### 36 miles / 2 hours = 18 mph", "18"), ("#### 18 eggs left (20 - 2 = 18)", "18"),
        ("#### 18 eggs per day, since 20 - 3 = 17", "18"), ("#### 9 eggs * (1 + 1) = 18", "18"),
        ("#### 9 + 9 => 18", "18"), ("#### 9 + 9 → 18", "18"), ("#### 20 -> 18", "18"),
        ("#### 9 \\times 2 \\rightarrow 18", "18"), ("#### 18 = 9 * 2", "18"),
        ("#### $18 = 20 - 2", "18"), ("#### half of 36 is 18", "18"), ("#### twice 9 = 18", "18"),
        ("#### √324 = 18", "18"), ("#### 9*2 == 18", "18"),
        ("#### 1 000.00", "1000"), ("#### 1 000 000.5", "1000000.5"),
        # fractions and powers of ten
        ("#### ½", "0.5"), ("\\boxed{\\frac12}", "0.5"), ("#### -\\dfrac{10}{2}", "-5"),
        ("#### 2 1/2", "2.5"), ("#### 2½ cups", "2.5"), ("#### 2\\frac{1}{2}", "2.5"),
        ("She needs 2 1/2 cups.", "2.5"), ("#### 36 / 2", "18"), ("#### 2 and 1/2", "2.5"),
        ("#### 1.8 × 10^1", "18"), ("#### 1.8 \\times 10^{1}", "18"), ("#### 1.8*10**1", "18"),
        # words that are part of the number
        ("#### 18 million people", "18000000"), ("18 thousand.", "18000"), ("#### $18k", "18000"),
        ("\\boxed{18 \\text{ million}}", "18000000"), ("#### 2 hundred thousand", "200000"),
        ("#### 1.5 dozen", "18"), ("#### 5 tenths", "0.5"),
        ("#### 2 and a half", "2.5"), ("#### minus 5", "-5"), ("#### minus $5", "-5"),
        ("#### negative 5", "-5"), ("#### 5:00 PM", "5"),
        ("-0", "0"), ("#### +18", "18"), ("#### \\text{18 dollars}", "18"),
    ],
)  # fmt: skip
def test_the_number_is_read_as_a_person_reads_it(response: str, number: str) -> None:
    assert same(stated(response), number)


@pytest.mark.parametrize(
    "response",
    [
        "#### 18 million", "#### 18 Million", "18 thousand", "#### 18k", "#### 18 dozen",
        "#### 18 hundredths",
        "\\boxed{18\\text{ million}}", "#### 18 and a half", "#### 18 1/2", "#### 18½", "#### 18²",
        "#### 18:30", "5:18", "#### 18?19", "#### 18|19", "#### 18 ± 1", "#### 18 +/- 1",
        "#### 18 dollars and 50 cents", "#### 18 hours 30 minutes", "#### 18'6", "#### --18",
        "#### > 18", "#### \\neq 18", "#### not 18", "#### The answer is not 18",
        "#### more than 18", "#### less than 18", "#### 18'000", "#### 18_000", "#### minus 18",
        "17 or 18", "17 eggs or 18 eggs",
        "#### 18 eggs * 2 = 36", "#### 18% of 50 = 9", "#### 18 boxes x 3 toys each = 54",
        "#### 18 miles / 2 hours = 9",
        "#### twice 18", "#### half of 18", "#### a third of 18", "#### double $18", "#### 18?",
        "#### 18 squared", "#### 18 cubed", "#### 18 halves", "#### 18 -> 19", "#### 18 → 19",
        "#### 18? no, 19", "#### 19 = 18 + 1", "#### 18 = 18 = 19", "#### 18 factorial",
        "#### 18 plus 3", "#### 17 (18)", "#### 1 8", "#### -18 million", "#### 18 18",
        "#### 18 divided by 2", "#### sqrt(18)", "#### √18", "\\boxed{\\sqrt{18}}",
    ],
)  # fmt: skip
def test_what_goes_on_is_no_eighteen(response: str) -> None:
    assert not same(stated(response), "18")


def test_a_question_may_ask_in_millions() -> None:
    asked = "How much, in millions of dollars, is left?"
    assert same("18 million", "18", asked)
    assert same("18 Million", "18", asked)
    assert same("18", "18", asked)
    assert not same("18 billion", "18", asked)
    assert not same("17 million", "18", asked)
    assert not same("18 million", "18", "Of 20 million people, how many are left?")
    assert same("2 dozen", "2", "How many dozens of eggs?")
    assert same("2 dozen", "24", "How many eggs?")
