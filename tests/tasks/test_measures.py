# ruff: noqa: E501 - a table of cases is read best in few lines
r"""Units count where both sides name one: ``10\text{ m}`` is no ``10\text{ cm}``."""

from __future__ import annotations

import re

import pytest

from srpo_bench.tasks import measures
from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.equivalence import equivalent

SAME = [
    (r"10\text{ cm}", "10cm"), (r"10\text{ cm}", r"10\text{ centimetres}"), (r"10\text{ cm}", r"0.1\text{ m}"),
    (r"10\text{ cm}", r"100\,\mathrm{mm}"), (r"10\text{ cm}", "10"), ("10", r"10\text{ cm}"), (r"10\text{ cm}", "10 units"),
    (r"90\text{ minutes}", r"1\frac12\text{ hours}"), (r"90\text{ minutes}", "1.5 hrs"), (r"15\mbox{ cm}^2", "15 sq. cm"),
    (r"15\mbox{ cm}^2", r"15\text{ square centimeters}"), (r"864 \mbox{ inches}^2", r"6\text{ ft}^2"), (r"864 \mbox{ inches}^2", "864 in²"),
    (r"5.4 \text{ cents}", r"\$0.054"), (r"5.4 \text{ cents}", "5.4¢"), (r"\$18.90", r"1890\text{ cents}"), (r"\$18.90", "18.90 dollars"),
    (r"30^\circ", r"30\text{ degrees}"), (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}^\circ"), (r"36\pi\text{ cm}^3", r"36\pi"),
    (r"10\%", r"10\text{ percent}"), ("18 + 2 m", "2m + 18"), (r"2\text{ years}", r"24\text{ months}"),
    (r"2\pi\text{ m}", r"200\pi\text{ cm} \approx 628\text{ cm}"),
]  # fmt: skip
OTHER = [
    *((r"10\text{ cm}", answer) for answer in (
        r"10\text{ m}", "10 inches", r"10\text{ cm}^2", r"10\text{ kg}", r"10^\circ", r"10\%", r"\$10", "€10", r"1\text{ m}")),
    *((r"90\text{ minutes}", rf"90\text{{ {unit}}}") for unit in ("seconds", "hours", "days")),
    (r"15\mbox{ cm}^2", "15 cm"), (r"15\mbox{ cm}^2", r"15\text{ m}^2"), (r"36\pi\text{ cm}^3", r"36\pi\text{ cm}^2"),
    (r"5.4 \text{ cents}", r"\$5.4"), (r"\$18.90", "18.90 cents"), (r"\$18.90", "18.9€"), (r"\$18.90", r"18.90\%"),
    (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}\text{ radians}"), (r"30^\circ", r"30\text{ rad}"), (r"50\%", "50 cm"),
]  # fmt: skip


def test_the_same_measure() -> None:
    outcomes = dict(zip(SAME, equivalent(SAME), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is not Outcome.CORRECT} == set()


def test_another_measure() -> None:
    outcomes = dict(zip(OTHER, equivalent(OTHER), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is Outcome.CORRECT} == set()


@pytest.mark.parametrize("names", [names.split() for _, names, _ in measures._UNITS])
def test_every_name_of_a_unit_is_read(names: list[str]) -> None:
    read = {
        measures.measure(text, text)
        for name in names
        for text in (rf"5\text{{ {name}}}", rf"5 \text{{({name}s)}}", rf"\pi\mathrm{{{name}}}")
    }
    assert len(read) == 1
    assert None not in read


@pytest.mark.parametrize(
    "text", ["5m", "m", "x+5 m", r"5\text{ m/s}", "5 miles per hour", "5 apples", r"\text{cm}", ""]
)
def test_what_names_no_unit_that_is_known(text: str) -> None:
    assert measures.measure(text, re.sub(r"\s+", " ", text)) is None
