"""Evaluations around the steps that decide, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import evaluated
from tests.results.made import comparison, run


def said(
    monkeypatch: pytest.MonkeyPatch, ours: list[float], theirs: list[float], crossings: Any,
    share: float | None = None, seed: int = 1, first: float | None = None,
) -> str:  # fmt: skip
    """Of one seed; the challenger evaluated at ``ours`` and the baseline at ``theirs``; crossings:
    the baseline's and the challenger's own."""
    runs = [
        run("srpo", 1, [0.5] * len(ours), step=ours),
        run("grpo", 1, [0.5] * len(theirs), step=theirs),
        run("grpo", 9, [0.5, 0.5], step=[0, 999]),  # of no pair, whatever it was evaluated at
        run("srpo", 9, []),
    ]
    curve = SimpleNamespace(step=np.array(ours if first is None else [first, *ours]), spent=None)
    monkeypatch.setattr(evaluated, "paired_curves", lambda *_: (curve, curve))
    baseline, challenger = crossings
    pair: Any = SimpleNamespace(
        steps=SimpleNamespace(baseline=baseline, challenger=challenger), challenger="srpo",
        baseline="grpo", seeds=(seed,), axes={"steps": SimpleNamespace(baseline=baseline)},
    )  # fmt: skip
    asked = {} if share is None else {"share": share}
    return evaluated.unseen(comparison(*runs), pair, **asked)


def test_an_evaluation_far_behind_the_one_before_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    even = [0.0, 10, 20, 30, 40]
    assert said(monkeypatch, even, [0, 10, 20, 40], (15, 15)) == ""
    assert said(monkeypatch, even, [0, 10, 20.5, 40], (15, 15)) == (
        "grpo/seed-1 was not evaluated between step 10 and step 20.5, and step 15 decides"
    )
    assert said(monkeypatch, even, [0, 10, 20.5, 40], (15, 15), seed=2) == ""  # of another pair


@pytest.mark.parametrize(("own", "decides"), [(10, False), (10.5, True), (49, True), (50, False)])
def test_a_challenger_that_crosses_elsewhere_is_known_where_it_is_read(
    own: float, decides: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read at half of the baseline's 40: at 20, between 10 and 50."""
    even = [0.0, 10, 20, 30, 40, 50]
    told = said(monkeypatch, [0, 10, 50], even, (40, own), share=0.5)
    assert bool(told) == decides
    assert not told or told.startswith("srpo/seed-1 was not evaluated between step 10 and step 50")


def test_both_must_be_known_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    even = [0.0, 10, 20]
    told = said(monkeypatch, [0.5, 10, 20], even, (15, 15))
    assert told.startswith("no evaluation at step 0: srpo's first is at step 0.5, so nobody knows")
    assert said(monkeypatch, even, even, (15, 15)) == ""
    monkeypatch.setattr(evaluated, "paired_curves", lambda *_: None)
    pair: Any = SimpleNamespace(steps=SimpleNamespace())
    assert evaluated.unseen(comparison(), pair) == ""
    pair.steps = None
    assert evaluated.unseen(comparison(), pair) == ""


def test_what_lies_around_a_step() -> None:
    at = np.array([0.0, 10, 30])
    assert [evaluated.around(at, s) for s in (-5, 0, 5, 10, 11, 30, 31)] == [
        (0, 0), (0, 0), (0, 10), (10, 10), (10, 30), (30, 30), (30, 30),
    ]  # fmt: skip


def test_the_challenger_is_read_at_the_whole_cost_where_no_share_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At 30, between 10 and 50, and it crosses there; at twice it, between 50 and 70."""
    even = [0.0, 10, 20, 30, 40, 50, 60, 70]
    told = said(monkeypatch, [0, 10, 50, 70], even, (30, 20))
    assert told == (
        "srpo/seed-1 was not evaluated between step 10 and step 50, and step 30 decides"
    )
