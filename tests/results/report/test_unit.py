"""Ratios in the unit of the claim, by hand."""

from __future__ import annotations

from math import inf, nan

import pytest

from srpo_bench.results.report.unit import beside, bounded, change, changes
from srpo_bench.results.statistics.inference import Estimate


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (0.1, "90 % fewer"),
        (0.0581, "94 % fewer"),
        (0.0005, "99.95 % fewer"),
        (0.872, "13 % fewer"),
        (0.996, "0.4 % fewer"),
        (1.0, "as many"),
        (1.38, "38 % more"),
        (2.5, "150 % more"),
        (3.21, "3.2 times as many"),
        (inf, "not known"),
        (nan, "not known"),
    ],
)
def test_a_ratio_is_said_in_the_unit_of_the_claim(ratio: float, told: str) -> None:
    assert change(ratio) == told


def test_beside_each_other_they_share_their_unit() -> None:
    assert beside(Estimate(0.872, 0.831, 0.911, 8, "")) == "13 % fewer (9 to 17)"
    assert beside(Estimate(0.97, 0.83, 1.1, 8, "")) == "3 % fewer (17 % fewer to 10 % more)"
    told = beside(Estimate(0.906, 0.734, inf, 8, ""))
    assert told == "9 % fewer (27 % fewer at best, with no upper end)"


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.831, 0.911, "9 to 17 % fewer"),
        (1.22, 1.57, "22 to 57 % more"),
        (0.95, 1.03, "5 % fewer to 3 % more"),
        (0.058, 0.062, "93.8 to 94.2 % fewer"),
        (0.734, inf, "27 % fewer at best, with no upper end"),
        (6e-5, inf, "99.99 % fewer at best, with no upper end"),
        (4e-5, inf, "with no end on either side"),
        (0.0, inf, "with no end on either side"),
        (3.5, 4.0, "3.5 to 4 times as many"),
        (1.5, 3.4, "50 % more to 3.4 times as many"),
        (nan, nan, "no interval"),
    ],
)
def test_and_so_is_its_interval(low: float, high: float, told: str) -> None:
    assert changes(Estimate((low + high) / 2, low, high, 8, "")) == told


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (0.01, "99 % fewer"),
        (0.985, "2 % fewer"),
        (1.0007, "0.07 % more"),
        (1.0002, "as many"),
        (1.9951, "100 % more"),
        (0.9951, "0.5 % fewer"),
    ],
)
def test_digits_come_where_none_would_hide_it(ratio: float, told: str) -> None:
    assert change(ratio) == told


def test_an_interval_that_ends_at_three_times() -> None:
    assert changes(Estimate(2.5, 2.0, 3.0, 8, "")) == "100 % more to 3 times as many"


def test_only_an_interval_on_one_side_shares_its_unit() -> None:
    assert beside(Estimate(1.03, 0.95, 1.2, 8, "")) == "3 % more (5 % fewer to 20 % more)"
    assert beside(Estimate(1.0, 1.1, 1.2, 8, "")) == "as many (10 to 20 % more)"
    assert beside(Estimate(0.9, 1.1, 1.2, 8, "")) == "10 % fewer (10 to 20 % more)"


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.0, 0.4, "60 % fewer at worst, with no lower end"),  # was 60.00 to 100.00 % fewer
        (0.0, 1.2, "20 % more at worst, with no lower end"),  # was 100.00 % fewer to 20 % more
        (0.0, 112.0, "112 times as many at worst, with no lower end"),  # was 1.1e+02
        (0.5, 3.75e36, "50 % fewer at best, with no upper end"),
        (1.0, 1.0, "as many at either end"),  # was 0.00 to 0.00 % more
        (0.99999, 1.0, "as many at either end"),
        (0.25, 0.25, "75 % fewer at either end"),
        (5.0, 5.0, "5 times as many at either end"),
        (0.9999, 1.0001, "as many at either end"),
        (3.21, 3.24, "3.21 to 3.24 times as many"),  # was 3.2 to 3.2
        (96.0, 1234.0, "96 to 1234 times as many"),
    ],
)
def test_an_interval_says_no_more_than_it_knows(low: float, high: float, told: str) -> None:
    assert changes(Estimate((low + high) / 2, low, high, 8, "")) == told


@pytest.mark.parametrize(
    ("ratio", "lower", "upper"),
    [
        (1.84, "at least 84 % more", "at most 84 % more"),
        (0.89, "at most 11 % fewer", "at least 11 % fewer"),
        (1.0, "at least as many", "at most as many"),
        (0.99999, "at least as many", "at most as many"),  # was the other way round
        (400.0, "at least 400 times as many", "at most 400 times as many"),
    ],
)
def test_a_bound_keeps_its_side(ratio: float, lower: str, upper: str) -> None:
    assert (bounded(ratio, "lower"), bounded(ratio, "upper")) == (lower, upper)
    assert bounded(ratio, "neither") == bounded(ratio, "") == change(ratio)
