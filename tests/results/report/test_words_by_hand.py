"""Captions by what a comparison has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from srpo_bench.results.report import words
from srpo_bench.results.report.style import FEW
from tests.results.report.test_by_hand import analysis, e

BAND = "The grey band is where the claim would have it cross"


def captioned(arms: int = 2, own: bool = True, **more: Any) -> dict[str, str]:
    made = {f"a{i}": SimpleNamespace(base=e(0.2), final=e(0.8)) for i in range(arms)}
    verdict = SimpleNamespace(id="c", own=own)
    headline = SimpleNamespace(id="c", algorithm=("a1",))
    comparison = SimpleNamespace(algorithms={"a1": "a1"}, arms=list(made))
    given = {"arms": made, "claims": {"a1": [verdict]}, "headline": headline} | more
    a = analysis(**given)
    a.comparison = comparison
    return words.captions(a)


def test_few_arms_are_told_in_numbers_and_many_are_not() -> None:
    for arms, there in ((FEW, True), (FEW + 1, False)):
        said = captioned(arms)["accuracy"]
        assert ("a0: 20.0 % (one seed) at the start, 80.0 % (one seed) at the end" in said) == there
        assert ("a dot on it is where the mean curve of an arm's complete pairs" in said) != there


def test_bands_are_told_where_only_some_arms_have_one() -> None:
    assert "A band holds all seeds of an arm: grpo, a1." in captioned(FEW + 1)["accuracy"]
    assert "A band" not in captioned(FEW + 1, claims={key: [] for key in "abc"})["accuracy"]


def test_a_claim_is_drawn_where_there_is_one_of_these_arms() -> None:
    assert BAND in captioned()["accuracy"]
    assert BAND not in captioned(own=False)["accuracy"]
    assert BAND not in captioned(threshold=None)["accuracy"]
    for figure in ("ratios", "grid", "ladder"):
        assert captioned()[figure].endswith(" Dashed line: 0.1, the claim.")
        assert "Dashed" not in captioned(threshold=None)[figure]


def test_what_starves_is_said_once() -> None:
    def said(lacking: str, own_doing: str) -> str:
        starving = SimpleNamespace(lacking=lacking, own_doing=own_doing)
        return words._starves(SimpleNamespace(starving=starving))  # type: ignore[arg-type]

    assert (said("a", ""), said("", "b"), said("", "")) == ("a", "b", "")
