"""Numbers in words, one by one."""

from __future__ import annotations

import math

import pytest

from srpo_bench.results import text
from srpo_bench.results.records import AXES
from srpo_bench.results.statistics.inference import Estimate

NAN, INF = math.nan, math.inf


def estimate(value: float, low: float = NAN, high: float = NAN, n: int = 8) -> Estimate:
    return Estimate(value, low, high, n, "x")


BOTH, OPEN, NONE = estimate(0.5, 0.41239, 0.6), estimate(0.5, 0.4, INF), estimate(0.5)


def test_intervals() -> None:
    assert [text.span(e) for e in (BOTH, OPEN, NONE)] == [
        "0.412 to 0.6", "0.4 or more", "no interval",
    ]  # fmt: skip
    assert text.span(BOTH, text.signed) == "+41.2 to +60.0"
    assert text.interval(BOTH) == "95 % interval 0.412 to 0.6"
    assert text.interval(NONE) == "no interval"
    assert text.describe(BOTH) == "0.5, 95 % interval 0.412 to 0.6"


def test_every_axis_has_a_name() -> None:
    assert tuple(text.NAMES) == AXES


def test_some_names() -> None:
    assert text.some(list("abcd")) == "a, b, c, d"
    assert text.some(list("abcde")) == "a, b, c, d and 1 more"
    assert text.some(list("abc"), 1) == "a and 2 more"


def test_what_is_finite_for_json() -> None:
    assert text.finite(0.5) == 0.5
    assert [text.finite(x) for x in (NAN, INF, -INF)] == [None] * 3


def test_accuracies_and_their_differences() -> None:
    assert text.points(estimate(-0.012, -0.03, 0.006)) == "-1.2 points (-3.0 to +0.6)"
    assert text.points(estimate(0.012), unit="") == "+1.2 (no interval)"
    assert text.points(estimate(NAN, n=0)) == text.percent(estimate(NAN, n=0)) == "–"
    assert text.percent(estimate(0.827, 0.819, 0.834)) == "82.7 % (81.9 to 83.4)"
    assert text.percent(estimate(0.827, n=1)) == "82.7 % (one seed)"


def test_what_rounds_to_nothing_has_no_sign() -> None:
    numbers = (-0.0, 0.0, -0.00049, 0.00049, -0.00051, 0.00051)
    assert [text.signed(x) for x in numbers] == 4 * ["0.0"] + ["-0.1", "+0.1"]
    assert text.points(estimate(-0.0001, -0.02, 0.0001)) == "0.0 points (-2.0 to 0.0)"
    assert text.percent(estimate(0.001, -0.0001, 0.02)) == "0.1 % (0.0 to 2.0)"


def test_ratios_and_levels() -> None:
    assert text.ratio(BOTH) == "0.5 (0.412 to 0.6)"
    assert text.ratio(estimate(0.0)) == "0 (no interval)"
    assert text.ratio(estimate(-1.0)) == text.ratio(estimate(NAN)) == "–"
    assert [text.level(x) for x in (NAN, 0.8267, 1.0)] == ["–", "82.7 %", "100.0 %"]


@pytest.mark.parametrize(
    ("p", "said"), [(NAN, "–"), (0.00099, "< 0.001"), (0.001, "0.001"), (0.0084, "0.008")]
)
def test_p_values(p: float, said: str) -> None:
    assert text.p_value(p) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.2e6, "1.2M"), (30_000, "30k"), (4e12, "4T"), (999, "999"), (1000, "1k"),
        (-2500, "-2.5k"), (1e9, "1G"), (1e15, "1P"), (5e18, "5E"), (0.1234, "0.123"),
    ],
)  # fmt: skip
def test_short_numbers(value: float, said: str) -> None:
    assert text.short(value) == said


@pytest.mark.parametrize(
    ("axis", "value", "said"),
    [
        ("seconds", 1.5, "1.5 seconds"), ("seconds", 119, "119 seconds"),
        ("seconds", 120, "2 minutes"), ("seconds", 7200, "2 hours"), ("tokens", 65_800, "65.8k"),
        ("flops", 1e11, "0.1 TFLOP"), ("flops", -2e12, "-2 TFLOP"), ("flops", 3e18, "3 EFLOP"),
        ("flops", 3e15, "3 PFLOP"), ("flops", 3e9, "3 GFLOP"), ("flops", 3.0, "3 FLOP"),
        ("seconds", 259_200, "3 days"), ("seconds", 0.5, "0.5 seconds"),
    ],
)  # fmt: skip
def test_amounts_in_their_unit(axis: str, value: float, said: str) -> None:
    assert text.amount(axis, value) == said


def test_what_is_smaller_than_any_unit_has_the_smallest() -> None:
    size, letter = text.FLOPS[-1]
    assert text.amount("flops", 0.01 * size) == f"0.01 {letter}FLOP"
    assert text.amount("seconds", 0.5 * text.TIMES[-1][0]).split()[1] == text.TIMES[-1][1]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0000421, "0.0000421"),
        (0.5, "0.5"),
        (61.54, "61.5"),
        (999.4, "999"),
        (999.7, "1000"),
        (10400.3, "10400"),
        (-1234.5, "-1234"),
        (0, "0"),
    ],
)
def test_a_number_has_no_powers_of_ten(value: float, told: str) -> None:
    assert text.number(value) == told


def test_large_amounts_have_none_either() -> None:
    assert text.short(999_700) == "1M"  # was 1e+03k
    assert text.short(4_000_000_000_000_000_000_000) == "4000E"
    assert text.amount("flops", 4e21) == "4000 EFLOP"
    assert text.ratio(estimate(1234.0, 800.0, 3.75e36)) == "1234 (800 or more)"
    assert text.describe(estimate(0.5, 0.1, 1400.0)) == "0.5, 95 % interval 0.1 to 1400"
