"""A rung of the ladder in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.report.tables.ladder import _sentence
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.speed import ALPHA

RUNG: dict[str, Any] = {
    "kind": "rung", "parts": 1, "also": (), "what": "history", "outcome": "fewer steps",
    "finished": True, "p_steps": 0.01, "p_steps_holm": 0.02,
    "steps": Estimate(0.5, 0.4, 0.6, 8, "x"), "difference": Estimate(0.01, -0.01, 0.03, 8, "x"),
}  # fmt: skip
ARMS = {"challenger": "b", "baseline": "a", "bound": "", "open_pairs": ()}


def said(arms: dict[str, Any] | None = None, **changes: Any) -> str:
    contrast = SimpleNamespace(**ARMS | (arms or {}))
    rung: Any = SimpleNamespace(**RUNG | changes, contrast=contrast)
    return _sentence(rung)


FIRST = "History alone (b against a): 0.5 (0.4 to 0.6) times the steps"
END = ". Accuracy at the end: +1.0 points (-1.0 to +3.0)"


def test_an_idea_alone() -> None:
    assert said() == f"{FIRST}: fewer steps{END}."


@pytest.mark.parametrize(
    "changes", [{"kind": "whole"}, {"parts": 2}, {"also": ("x",)}], ids=lambda c: next(iter(c))
)
def test_what_is_not_alone_does_not_say_so(changes: dict[str, Any]) -> None:
    assert said(**changes).startswith("History (b against a)")


def test_a_bound_is_named_in_short() -> None:
    assert said({"bound": "a lower bound: 3 runs"}).startswith(f"{FIRST} (a lower bound): fewer")


@pytest.mark.parametrize(
    ("changes", "tells"),
    [
        ({}, True),
        ({"finished": False}, False),
        ({"p_steps": ALPHA}, False),
        ({"p_steps_holm": ALPHA}, True),
        ({"p_steps_holm": 0.039}, False),
    ],
)
def test_what_the_family_takes_away_is_told(changes: dict[str, Any], tells: bool) -> None:
    text = said(**{"p_steps": 0.03, "p_steps_holm": 0.08} | changes)
    assert ("once p is adjusted (0.030, then 0." in text) == tells


def test_missing_runs_are_told_where_they_keep_it_open() -> None:
    missing = {"open_pairs": ("b/seed-1", "b/seed-2")}
    outcome = {"outcome": "not distinguishable"}
    assert "not distinguishable while runs are missing (2)." in said(missing, **outcome)
    assert "missing" not in said(missing)
    assert "missing" not in said(**outcome)
    assert "missing" not in said(missing, **outcome, p_steps_holm=ALPHA)


def test_ideas_that_came_together_and_other_differences() -> None:
    assert said(parts=2, also=("lr", "beta")).endswith(
        "These ideas came together; which of them did it cannot be told here. "
        "The two also differ in beta, lr."
    )
