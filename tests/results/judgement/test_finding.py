"""From an interval and two bounds to a ruling."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import accuracy
from srpo_bench.results.judgement.finding import Finding, measured, place, ruled
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.statistics import sampling
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.scores import Differences
from tests.results.made import comparison, run


def between(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 8, "t")


@pytest.mark.parametrize(
    ("low", "high", "where"),
    [
        (-0.9, 0.9, "inside"),
        (-1.0, 0.9, "across"),
        (-0.9, 1.0, "across"),
        (-2.0, -1.1, "below"),
        (-2.0, -1.0, "across"),
        (1.1, 2.0, "above"),
        (1.0, 2.0, "across"),
        (-2.0, 2.0, "across"),
    ],
)
def test_an_interval_lies_inside_outside_or_across(low: float, high: float, where: str) -> None:
    assert place(between(low, high), (-1.0, 1.0)) == where


def found(known: float, least: float, most: float, blocked: str = "") -> Finding:
    """Means by hand, each with an interval of half a point either way; bounds −1 and 1."""
    d = Differences(*(np.full(8, x) for x in (known, least, most)), ("srpo/seed-9",))
    return ruled("it", d, lambda x: between(x[0] - 0.5, x[0] + 0.5), (-1.0, 1.0), 0.25, blocked)


def test_what_holds_with_everything_that_is_missing_either_way() -> None:
    assert found(0, 0, 0).ruling == Ruling("supported", "it")
    assert found(2, 2, 3).ruling == found(-2, -3, -2).ruling == Ruling("refuted", "it")
    hangs = Ruling("inconclusive", "it, but it hangs on runs that are missing (srpo/seed-9)")
    assert found(0, -2, 0).ruling == hangs
    assert found(2, -2, 2).ruling == hangs
    across = Ruling("inconclusive", "it; the interval does not settle it")
    assert found(1, 1, 1).ruling == found(1, -2, 2).ruling == across


def test_what_is_blocked_or_has_no_interval_still_shows_its_figures() -> None:
    blocked = found(0, 0, 0, "too few")
    assert blocked.ruling == Ruling("no-verdict", "too few")
    assert (blocked.difference, blocked.p) == (between(-0.5, 0.5), 0.25)
    d = Differences(*(np.zeros(1) for _ in range(3)), ())
    none = Estimate(0, np.nan, np.nan, 1, "none")
    lone = ruled("it", d, lambda _: none, (-1.0, 1.0), 0.25, "")
    assert lone.ruling == Ruling("no-verdict", "there is no interval")
    assert (lone.difference, lone.p) == (none, 0.25)


def test_the_figure_that_is_judged() -> None:
    assert measured(Finding(Ruling("refuted", ""), ratio=between(1, 2))) == (
        "ratio 1.5, 95 % interval 1 to 2"
    )
    bound = Finding(Ruling("inconclusive", ""), ratio=between(1, 2), bound="lower")
    assert measured(bound).endswith(" to 2, a lower bound")
    assert measured(replace(bound, bound="upper")).endswith(", an upper bound")
    assert measured(replace(bound, bound="neither")).endswith(", within the budget only")
    assert measured(Finding(Ruling("refuted", ""), difference=between(-0.01, 0.03))) == (
        "+1.0 points (-1.0 to +3.0)"
    )
    assert np.isnan(Finding(Ruling("refuted", "")).p)


def test_at_a_share_of_the_steps_the_two_arms_own_noise_is_the_floor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three parts in two of an evaluation's variance, a pair: early is one evaluation, the end
    two."""
    floors: list[float] = []
    real = accuracy.noninferiority

    def watched(d: Any, margin: float, tail: float = 0.025, floor: float = 0.0) -> Any:
        floors.append(floor)
        return real(d, margin, tail, floor)

    monkeypatch.setattr(accuracy, "noninferiority", watched)
    runs = [
        run(arm, seed, (0.2, 0.3, 0.6, 0.7), 10, stderr=[noise] * 4)
        for arm, noise in (("grpo", 0.1), ("srpo", 0.2), ("other", 0.9))
        for seed in range(8)
    ]
    race = SimpleNamespace(collapsed=(False, False), as_good=True, gain=np.array([0.4, 0.6]))
    steps = SimpleNamespace(baseline=20.0, race=race, extremes=None)
    usual: Any = SimpleNamespace(
        steps=steps, challenger="srpo", baseline="grpo", n=8, first_look=None
    )
    claim: Any = SimpleNamespace(share=0.5, margin=0.1)
    told = accuracy.test(comparison(*runs), usual, claim, "")
    variance = sampling.variance([r for r in runs if r.arm != "other"])
    assert floors == pytest.approx([1.5 * variance / 8] * 2)
    assert told.p_of == "it lies 5.0 points below or more; one-sided"
    assert (told.ruling.verdict, told.difference is not None) == ("refuted", True)
    usual.steps = None
    assert accuracy.test(comparison(*runs), usual, claim, "why").ruling.reason == "why"
