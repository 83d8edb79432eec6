"""As accurate at a share of the baseline's steps: the interval, and what comes later, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import accuracy
from srpo_bench.results.judgement.claims import NonInferiority
from srpo_bench.results.statistics.contrast import contrast
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.sequential import tail_of
from srpo_bench.results.statistics.speed import Goal
from tests.results.made import comparison, run

STAYS = (0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8)


def falls(ours: Sequence[float], early: float, margin: float = 0.1) -> bool:
    """Two seeds alike, evaluated every ten steps; the baseline stays at 0.8 from step 10 on, up to
    step 60. Three evaluations are averaged."""
    theirs = (0.2, *STAYS[1:])
    runs = [run(a, s, x) for s in (1, 2) for a, x in (("srpo", ours), ("grpo", theirs))]
    pair: Any = SimpleNamespace(challenger="srpo", baseline="grpo", seeds=(1, 2))
    return accuracy._falls_back(comparison(*runs), pair, early, margin, 0.0)


@pytest.mark.parametrize(
    ("ours", "early", "fell"),
    [
        (STAYS, 10, False),
        ((0.0, *STAYS[1:]), 10, False),  # what comes before does not count
        ((0.0, *STAYS[1:]), 9, True),  # but the evaluation that is read does
        ((0.4, *STAYS[1:]), 5, True),
        ((0.8, 0.45, *STAYS[2:]), 10, True),
        ((*STAYS[:6], 0.4), 10, True),  # up to the baseline's last evaluation
        ((*STAYS, 0.0, 0.0, 0.0), 10, False),  # and no further
        ((0.8, 0.8, 0.55, *STAYS[3:]), 10, False),  # 0.717 of three, 0.675 of two
        ((*STAYS[:6], 0.6), 60, True),  # of one, where there is only one
        (STAYS, 60, False),
    ],
)
def test_a_challenger_falls_back_where_three_evaluations_together_are_inferior(
    ours: Sequence[float], early: float, fell: bool
) -> None:
    assert falls(ours, early) is fell


def test_just_at_the_margin_it_has_not_fallen_back() -> None:
    theirs, ours = (0.25, *[0.75] * 6), (*[0.75] * 4, 0.5, 0.5, 0.5)
    runs = [run(a, s, x) for s in (1, 2) for a, x in (("srpo", ours), ("grpo", theirs))]
    pair: Any = SimpleNamespace(challenger="srpo", baseline="grpo", seeds=(1, 2))
    for margin, fell in ((0.25, False), (0.2499, True)):
        assert accuracy._falls_back(comparison(*runs), pair, 10.0, margin, 0.0) is fell


@pytest.mark.parametrize("first_look", [None, 8])
@pytest.mark.parametrize("noise", [0.001, 0.3])
def test_the_interval_is_that_of_the_look_and_no_narrower_than_the_noise(
    first_look: int | None, noise: float
) -> None:
    """Nine pairs, read at step 10 against an end of 0.8: 0.5, 0.51, …"""
    runs = []
    for seed in range(9):
        ours = (0.2, 0.5 + seed / 100, 0.8, 0.8)
        runs += [
            run(arm, seed, curve, stderr=[noise] * 4)
            for arm, curve in (("grpo", (0.2, 0.5, 0.8, 0.8)), ("srpo", ours))
        ]
    race = SimpleNamespace(collapsed=(False, False), as_good=True, gain=np.array([0.5]))
    steps = SimpleNamespace(baseline=20.0, race=race, extremes=None)
    usual: Any = SimpleNamespace(
        steps=steps, challenger="srpo", baseline="grpo", n=9, first_look=first_look
    )
    claim: Any = SimpleNamespace(share=0.5, margin=0.1)
    told = accuracy.test(comparison(*runs), usual, claim, "")
    d = np.array([0.5 + seed / 100 - 0.8 for seed in range(9)])
    expected = mean(d, 1 - 2 * tail_of(9, first_look), 1.5 * noise**2 / 9)
    assert told.difference is not None
    assert (told.difference.low, told.difference.high) == pytest.approx(
        (expected.low, expected.high)
    )


def test_the_margin_is_of_the_pairs_that_set_the_target() -> None:
    """Eight pairs gain 0.6; a ninth seed of the baseline's gains 0.15, and its partner failed."""
    runs = [
        run(arm, seed, curve)
        for seed in range(8)
        for arm, curve in (("grpo", (0.2, 0.5, 0.8, 0.8)), ("srpo", (0.2, 0.8, 0.8, 0.8)))
    ]
    runs += [run("grpo", 8, (0.2, 0.3, 0.35, 0.35)), run("srpo", 8, (0.2,), state="failed")]
    here = comparison(*runs)
    usual = contrast(here, "srpo", "grpo", Goal())
    claim = NonInferiority(kind="noninferiority", share=0.9, margin=0.1)
    assert usual.target == pytest.approx(0.2 + 0.9 * 0.6)
    assert (
        accuracy.test(here, usual, claim, "").p_of == "it lies 6.0 points below or more; one-sided"
    )
