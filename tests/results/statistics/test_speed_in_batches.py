"""Comparisons one beside the other, and figures just at their bounds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.statistics import inversion
from srpo_bench.results.statistics import speed as speeds
from srpo_bench.results.statistics.inversion import WHOLE, Interval
from srpo_bench.results.statistics.race import Race
from srpo_bench.results.statistics.speed import Curves, Goal, Speed

STEP = np.array([0.0, 10, 20])
KEPT = np.ones((2, 2), bool)


def test_a_level_is_one_a_curve() -> None:
    for shape in ((), (2,), (2, 3)):
        assert Goal(level=0.5).of(np.zeros((*shape, 4))).tolist() == np.full(shape, 0.5).tolist()


def test_ledgers_of_several_comparisons() -> None:
    """The mean of both runs, then without either: 0, 3, 6, 9; 0, 4, 9, 10; 0, 2, 3, 8, and ten
    times it."""
    step = np.array([0.0, 10, 20, 30])
    one = np.array([[0.0, 2, 3, 8], [0, 4, 9, 10]])
    spent = np.stack([one, 10 * one])
    ledger = speeds._Ledger(Curves(step, spent, spent), KEPT)
    cost = ledger.at(np.array([[5.0, 15, 0]] * 2))
    assert cost.tolist() == [pytest.approx(row) for row in ([1.5, 6.5, 0.02], [15, 65, 0.2])]
    asked = np.array([[1.5, 9.9], [6.5, 0], [1, 2.5]])
    when = ledger.when(np.stack([asked, 10 * asked]))
    assert when.tolist() == [[[5, 30], [15, 0], [5, 15]]] * 2
    tried = speeds._ladder(ledger, step)
    assert tried.tolist() == [[0, 1.5, 3, 4.5, 6, 7.5, 9], [0, 15, 30, 45, 60, 75, 90]]


def test_a_hundredth_is_of_the_first_total_that_is_any_and_of_the_only_step() -> None:
    spent = np.array([[0.0, 0.5, 2]])
    ledger = speeds._Ledger(Curves(STEP, spent, spent), np.ones(1, bool))
    assert float(ledger.at(np.array([0.0, 0]))[0]) == 0.005
    lone = speeds._Ledger(Curves(np.array([5.0]), np.ones((1, 1))), np.ones(1, bool))
    assert lone.at(np.array([0.0])).tolist() == [0.05]


def test_ts_of_several_comparisons() -> None:
    ratios = np.array([0.1, 0.5, 1.0])
    t = np.array([[-4.0, 3, -1], [-4, -2, 0], [-1, 0, 1]])
    expected = [[-0.5], [-3], [-0.5]]
    assert inversion.t_at(ratios, t, 0.3) == pytest.approx(np.ravel(expected))
    assert inversion.t_at(ratios, t.reshape(3, 1, 3), 0.3) == pytest.approx(np.array(expected))


def told(low: float, high: float, **changes: Any) -> Any:
    ends = Interval(np.array(low), np.array(high))
    one: Any = np.array(1.0)
    given: dict[str, Any] = {
        "ratio": one, "crossing": ends, "inversion": ends, "target": one, "challenger": one,
        "baseline": one, "arrived": (one > 0, one > 0), "pairs": np.array(9),
        "replicates": np.full(10, -1.0), "_error": np.array(0.5),
        "_t": (np.array([0.1, 1.0]), np.array([-4.0, 2.0])),
    }  # fmt: skip
    return Speed(**given | changes)


def test_an_end_just_at_the_bound_is_not_above_it() -> None:
    assert int(told(0.2 * WHOLE, 0.9).side(0.2)) == 0
    assert int(told(0.1, 0.2 * WHOLE).side(0.2)) == -1


def test_a_p_is_of_the_ratio_of_all_pairs() -> None:
    lone = told(0.2, 0.9, replicates=np.array([-0.5, *[-9.0] * 9]))
    assert float(lone.p(1.0)) == pytest.approx(2 * stats.t.sf(1, 8))


def test_a_ratio_just_at_the_bound_among_few_that_arrived_is_not_above_it() -> None:
    every = SimpleNamespace(side=lambda _: np.array(-1))
    some = SimpleNamespace(
        side=lambda _: np.array(1), ratio=np.array(0.1 * WHOLE), pairs=np.array(7)
    )
    yes, no = np.ones(10, bool), np.array(False)
    nothing = np.zeros(10)
    found = Race(every, some, (yes, yes), nothing, nothing, np.array(0.0), (no, no))  # type: ignore[arg-type]
    assert int(found.side(0.1)) == -1
