"""The parts of the two estimators, and of a race, each by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.statistics import inversion
from srpo_bench.results.statistics import jackknife as jackknives
from srpo_bench.results.statistics import race as races
from srpo_bench.results.statistics import speed as speeds
from srpo_bench.results.statistics.inversion import Interval
from srpo_bench.results.statistics.race import Race
from srpo_bench.results.statistics.speed import ALPHA, QUANTILE, Curves, Goal, Speed, end, speed

INF, NAN = np.inf, np.nan
STEP = np.arange(0.0, 11.0)


def test_curves_are_cut_and_drawn_with_what_was_spent() -> None:
    step = np.array([0.0, 10, 20])
    values = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    whole = Curves(step, values, 2 * values, 0.25)
    cut = whole.until(10)
    assert (cut.step.tolist(), cut.error) == ([0, 10], 0.25)
    assert cut.accuracy.tolist() == [[0.1, 0.2], [0.4, 0.5]]
    assert cut.spent is not None
    assert cut.spent.tolist() == [[0.2, 0.4], [0.8, 1.0]]
    assert whole.until(9.9).step.tolist() == [0]
    drawn = whole.drawn(np.array([[1, 1], [0, 1]]))
    assert drawn.accuracy.shape == (2, 2, 3)
    assert drawn.accuracy[0].tolist() == [values[1].tolist()] * 2
    assert drawn.spent is not None
    assert drawn.spent[1, 0].tolist() == [0.2, 0.4, 0.6]
    assert drawn.error == 0.25
    assert Curves(step, values).until(10).spent is None
    assert Curves(step, values).drawn(np.array([0])).spent is None
    assert Curves(step, values).error == 0


def test_a_goal_is_a_level_or_a_share_of_the_gain() -> None:
    curve = np.array([[0.2, 0.9, 0.5, 0.7], [0.0, 0.1, 0.4, 0.6]])
    assert Goal(level=0.5).of(curve).tolist() == [0.5, 0.5]
    assert Goal().of(curve).tolist() == pytest.approx([0.2 + 0.9 * 0.4, 0.45])
    assert Goal(0.5).of(curve).tolist() == pytest.approx([0.4, 0.25])
    assert Goal(level=0.5).variance(0.1) == 0
    # of 0.9 times the mean of two, plus 0.1 times the first
    assert Goal().variance(0.1) == pytest.approx(0.1 * (0.81 / 2 + 0.01))
    assert Goal(0.5).variance(0.1) == pytest.approx(0.1 * (0.25 / 2 + 0.25))


@pytest.mark.parametrize(
    ("curve", "found"), [([0.9], 0.9), ([0.9, 0.4], 0.4), ([0.9, 0.4, 0.6], 0.5),
                         ([0, 0.9, 0.4, 0.6], 0.5)]
)  # fmt: skip
def test_the_end_is_never_of_the_first_where_there_is_a_second(
    curve: list[float], found: float
) -> None:
    assert float(end(np.array(curve))) == pytest.approx(found)


def told(crossing: tuple[float, float], inversion: tuple[float, float], pairs: int = 9) -> Speed:
    """One comparison with these intervals; log ratios −1 of all, an error of a half."""
    ends = [Interval(np.array(low), np.array(high)) for low, high in (crossing, inversion)]
    one: Any = np.array(1.0)
    return Speed(
        ratio=np.exp(-one), crossing=ends[0], inversion=ends[1], target=one, challenger=one,
        baseline=one, arrived=(one > 0, one > 0), pairs=np.array(pairs),
        replicates=np.full(pairs + 1, -1.0), _error=np.array(0.5),
        _t=(np.array([0.1, 0.5, 1.0]), np.array([-4.0, 0.0, 2.0])),
    )  # fmt: skip


def test_the_printed_interval_reaches_over_both() -> None:
    found = told((0.2, 0.5), (0.3, 0.6))
    assert (float(found.low), float(found.high)) == (0.2, 0.6)
    other = told((0.3, 0.6), (0.2, 0.5))
    assert (float(other.low), float(other.high)) == (0.2, 0.6)


@pytest.mark.parametrize(
    ("threshold", "side"), [(0.19, 1), (0.2, 0), (0.4, 0), (0.59, 0), (0.6, -1), (0.7, -1)]
)
def test_a_side_is_the_whole_intervals(threshold: float, side: int) -> None:
    assert int(told((0.2, 0.5), (0.3, 0.6)).side(threshold)) == side


def test_ratios_round() -> None:
    hair = 0.6 * (1 + 1e-10)
    assert int(told((0.2, 0.5), (0.3, hair)).side(0.6)) == -1
    assert int(told((hair, 0.7), (hair, 0.8)).side(0.6)) == 0
    more = 0.6 * (1 + 1.5e-9)
    assert int(told((0.2, 0.5), (0.3, more)).side(0.6)) == 0
    assert int(told((more, 0.7), (more, 0.8)).side(0.6)) == 1


def test_p_is_of_the_weaker_estimator_and_none_where_they_disagree() -> None:
    found = told((0.2, 0.5), (0.3, 0.6))
    # at 1: (0 + 1) / 0.5 = 2 by the crossing, 2 by the inversion
    assert float(found.p(1.0)) == pytest.approx(2 * stats.t.sf(2, 8))
    # at 0.75: (ln 0.75 + 1) / 0.5 = 1.42 and 1 by interpolation
    assert float(found.p(0.75)) == pytest.approx(2 * stats.t.sf(1, 8))
    # at 0.45: 0.40 and −0.5
    assert float(found.p(0.45)) == 1
    # at 0.55: 0.80 and 0.2
    assert float(found.p(0.55)) == pytest.approx(2 * stats.t.sf(0.2, 8))
    # beyond the last ratio tried what was rejected as too large at 1 stays so: (ln 3 + 1) / 0.5, 2
    assert float(found.p(3.0)) == pytest.approx(2 * stats.t.sf(2, 8))
    # at 0.1: −2.6 and −4
    assert float(found.p(0.1)) == pytest.approx(2 * stats.t.sf(2.605170, 8), rel=1e-5)
    assert np.isnan(float(told((0, 1), (0, 1), pairs=1).p(1.0)))
    assert float(told((0, 1), (0, 1), pairs=2).p(1.0)) == pytest.approx(2 * stats.t.sf(2, 1))
    never, yes = np.array(False), np.array(True)
    no_baseline, no_challenger = (
        replace(found, arrived=arrived) for arrived in ((yes, never), (never, yes))
    )
    assert float(no_baseline.p(0.1)) == 1  # the interval is open below, and was told apart by p
    assert float(no_baseline.p(1.0)) == float(found.p(1.0))
    assert float(no_challenger.p(1.0)) == 1
    assert float(no_challenger.p(0.1)) == float(found.p(0.1))
    unknown = replace(found, replicates=np.full(10, np.nan))
    assert float(unknown.p(1.0)) == 1  # nothing agrees with what is not known


def test_a_ledger_reads_costs_and_back() -> None:
    kept = np.ones(2, bool)
    step = np.array([0.0, 10, 20])
    spent = np.array([[0.0, 20, 30], [0, 40, 90]])
    ledger = speeds._Ledger(Curves(step, spent, spent), kept)
    # the mean of both, then without either: (0, 30, 60), (0, 40, 90), (0, 20, 30)
    at = ledger.at(np.array([5.0, 15, 0]))
    assert at.tolist() == pytest.approx([15, 65, 0.2])  # never less than 1 % of the first interval
    when = ledger.when(np.array([[15.0, 99], [65, 0], [10, 25]]))
    assert when.tolist() == [[5, 20], [15, 0], [5, 15]]
    steps = speeds._Ledger(Curves(step, spent), kept)
    assert steps.at(np.array([5.0, 0, 0.05])).tolist() == [5, 0.1, 0.1]
    cost = np.array([[1.0]])
    assert steps.when(cost) is cost


def test_replicates_of_the_pairs_that_are_kept() -> None:
    values = np.array([[1.0], [3.0], [8.0]])
    every = jackknives.replicates(values, np.ones(3, bool))
    assert every[:, 0].tolist() == [4, 5.5, 4.5, 2]
    some = jackknives.replicates(values, np.array([True, False, True]))
    assert some[:, 0].tolist() == [4.5, 8, 4.5, 1]


def test_the_jackknifes_error_by_hand() -> None:
    theta = np.array([9.0, 1, 2, 6])
    centre, error = jackknives.jackknife(theta, np.ones(3, bool))
    assert float(centre) == 9
    assert float(error) == pytest.approx(np.sqrt(2 / 3 * (4 + 1 + 9)))
    _, error = jackknives.jackknife(theta, np.array([True, False, True]))
    assert float(error) == pytest.approx(np.sqrt(1 / 2 * (2.5**2 + 2.5**2)))


def test_a_t_without_any_spread_is_certain_or_nothing() -> None:
    kept = np.ones(2, bool)
    short = np.array([[0.5, -0.5, 0.0, 1.0], [0.5, -0.5, 0.0, 0.0], [0.5, -0.5, 0.0, 2.0]])
    assert inversion.t_statistic(short, kept, 0.0).tolist() == [1e9, -1e9, 0, 1]
    assert inversion.t_statistic(short, kept, 0.25).tolist() == [1, -1, 0, 1]
    assert inversion.t_statistic(short, kept, 4.0).tolist() == [0.25, -0.25, 0, 0.5]


def test_quantiles_of_pairs() -> None:
    found = jackknives.student(np.array([0, 1, 2, 9]), 0.98)
    assert found.tolist() == pytest.approx([INF, INF, stats.t.ppf(0.98, 1), stats.t.ppf(0.98, 8)])
    assert jackknives.normal(0.98) == pytest.approx(stats.norm.ppf(0.98))
    assert (QUANTILE, pytest.approx(0.04)) == (0.98, ALPHA)


def test_costs_that_are_tried_are_at_evaluations_and_half_way() -> None:
    step = np.array([0.0, 10, 30])
    ledger: Any = SimpleNamespace(mean=None)
    assert speeds._ladder(ledger, step).tolist() == [0, 5, 10, 20, 30]
    spent = np.array([[[0.0, 40, 50], [9, 9, 9]]])
    ledger = SimpleNamespace(mean=spent)
    assert speeds._ladder(ledger, step).tolist() == [[0, 20, 40, 45, 50]]


def first(t: list[float], bound: float) -> float:
    ratios = np.array([0.1, 0.2, 0.4])
    return float(inversion._first(ratios, np.array(t), np.array(bound)))


def test_where_a_t_first_rises_above_a_bound() -> None:
    assert first([-1, 1, 3], 2) == pytest.approx(0.3)
    assert first([-1, 1, 3], 0) == pytest.approx(0.15)
    assert first([5, 1, 3], 2) == 0.1
    assert first([-1, 3, 1], 1) == pytest.approx(0.15)
    assert np.isnan(first([-1, 1, 2], 2))
    found = inversion.invert(np.array([0.1, 0.2, 0.4]), np.array([-3.0, 0, 3]), np.array(2.0))
    assert (float(found.low), float(found.high)) == pytest.approx((0.1 + 0.1 / 3, 0.2 + 0.4 / 3))
    never = inversion.invert(np.array([0.1, 0.4]), np.array([-3.0, -2.5]), np.array(2.0))
    assert float(never.low) == 0.4
    assert np.isnan(float(never.high))
    open_ = speeds._open(Interval(np.array([NAN, 0.5]), np.array([NAN, 0.7])))
    assert (open_.low.tolist(), open_.high.tolist()) == ([0, 0.5], [INF, 0.7])


def test_a_ratio_is_as_likely_as_the_largest_t_up_to_it_says() -> None:
    ratios = np.array([0.1, 0.5, 1.0])

    def read(t: list[float], ratio: float) -> float:
        return float(inversion.t_at(ratios, np.array(t), ratio))

    assert read([-4, -3, -2], 3.0) == 0  # nothing beyond the end is rejected as too small
    assert read([-4, -3, -2], 0.3) == -3.5
    assert read([-4, 3, -1], 1.0) == read([-4, 3, -1], 3.0) == 3  # and none too large is taken back


def straight(pace: list[float], step: np.ndarray) -> Curves:
    return Curves(step, np.minimum(np.array(pace)[:, None] * step, 1.0))


def test_two_lines_cross_where_they_must() -> None:
    """Paces of 2 % and 1 % a step reach a half after 25 and 50 steps."""
    step = np.arange(0, 101, 10.0)
    found = speed(straight([0.02] * 2, step), straight([0.01] * 2, step), Goal(level=0.5))
    assert float(found.challenger) == pytest.approx(25, abs=1e-5)
    assert float(found.baseline) == pytest.approx(50, abs=1e-5)
    assert float(found.ratio) == pytest.approx(0.5, abs=1e-6)
    assert float(found.target) == 0.5
    assert [bool(x) for x in found.arrived] == [True, True]
    assert int(found.pairs) == 2
    none = np.zeros(2, bool)
    empty = speed(straight([0.02] * 2, step), straight([0.01] * 2, step), chosen=none)
    assert np.isnan(float(empty.ratio))
    assert (float(empty.low), float(empty.high), int(empty.pairs)) == (0, INF, 0)


def test_a_wider_quantile_gives_a_wider_interval() -> None:
    step = np.arange(0, 101, 10.0)
    ours, theirs = straight([0.02, 0.03, 0.025], step), straight([0.01, 0.008, 0.012], step)
    usual, wide = (speed(ours, theirs, quantile=q) for q in (QUANTILE, 0.999))
    assert float(speed(ours, theirs).low) == float(usual.low)
    assert float(wide.low) < float(usual.low)
    assert float(wide.crossing.low) < float(usual.crossing.low)
    assert float(usual.crossing.high) < float(wide.crossing.high)


# a race


def stood(**changes: Any) -> Race:
    """Ten pairs, all well: below 0.1 by both readings."""
    below = SimpleNamespace(side=lambda _: np.array(-1), ratio=np.array(0.05), pairs=np.array(10),
                            p=lambda _: np.array(0.01))  # fmt: skip
    yes = np.ones(10, bool)
    given: dict[str, Any] = {
        "speed": below, "among_arrived": below, "arrived": (yes, yes), "final": np.full(10, 0.0),
        "gain": np.full(10, 0.5), "error": np.array(0.0),
        "collapsed": (np.array(False), np.array(False)),
    }  # fmt: skip
    return Race(**given | changes)


def arrived(side: int = -1, pairs: int = 10, ratio: float = 0.05, p: float = 0.01) -> Any:
    return SimpleNamespace(side=lambda _: np.array(side), ratio=np.array(ratio),
                           pairs=np.array(pairs), p=lambda _: np.array(p))  # fmt: skip


def test_pairs_that_arrived_must_not_say_otherwise() -> None:
    assert int(stood().side(0.1)) == -1
    assert int(stood(among_arrived=arrived(1)).side(0.1)) == 0
    assert int(stood(among_arrived=arrived(0)).side(0.1)) == 0
    # fewer than eight are asked for their estimate alone
    assert int(stood(among_arrived=arrived(1, pairs=8)).side(0.1)) == 0
    assert int(stood(among_arrived=arrived(1, pairs=7)).side(0.1)) == -1
    assert int(stood(among_arrived=arrived(-1, pairs=7, ratio=0.2)).side(0.1)) == 0
    assert int(stood(among_arrived=arrived(-1, pairs=7, ratio=0.1 * (1 + 1e-10))).side(0.1)) == -1
    assert int(stood(among_arrived=arrived(1, pairs=0, ratio=9)).side(0.1)) == -1
    assert int(stood(speed=arrived(1), among_arrived=arrived(1, pairs=7, ratio=0.2)).side(0.1)) == 1


def test_the_larger_p_counts_where_enough_arrived() -> None:
    assert float(stood(among_arrived=arrived(p=0.2)).p(0.1)) == 0.2
    assert float(stood(among_arrived=arrived(p=0.001)).p(0.1)) == 0.01
    assert float(stood(among_arrived=arrived(p=0.2, pairs=8)).p(0.1)) == 0.2
    assert float(stood(among_arrived=arrived(p=0.2, pairs=7)).p(0.1)) == 0.01
    assert float(stood(among_arrived=arrived(p=NAN, pairs=0)).p(0.1)) == 0.01


def so_many(n: int) -> np.ndarray:
    return np.arange(10) < n


def test_a_baseline_is_readable_where_it_gains_arrives_and_stays() -> None:
    yes = so_many(10)
    assert stood().readable
    assert not stood(gain=np.full(10, 0.0)).readable
    assert not stood(gain=np.array([1.0, -1] * 5)).readable
    assert not stood(error=np.array(0.1)).readable  # 0.5 within 1.96 · √0.1
    assert stood(arrived=(yes, so_many(8))).readable
    assert not stood(arrived=(yes, so_many(7))).readable
    assert stood(arrived=(so_many(0), yes)).readable
    assert not stood(collapsed=(np.array(False), np.array(True))).readable
    assert stood(collapsed=(np.array(True), np.array(False))).readable


def test_a_support_is_kept_where_runs_arrive_stay_and_end_as_high() -> None:
    yes = so_many(10)
    assert stood().kept
    assert stood(final=np.full(10, -0.049)).as_good
    assert not stood(final=np.full(10, -0.05)).as_good
    assert not stood(error=np.array(0.01)).as_good  # the margin is 0.05, the error's half 0.196
    assert not stood(final=np.full(10, -0.06)).kept
    assert stood(arrived=(so_many(8), yes)).kept
    assert not stood(arrived=(so_many(7), yes)).kept
    assert not stood(collapsed=(np.array(True), np.array(False))).kept
    assert stood(collapsed=(np.array(False), np.array(True))).kept
    assert stood(arrived=(so_many(7), so_many(9))).reach == (0.7, 0.9)


def test_a_race_reads_the_challenger_up_to_the_baselines_end() -> None:
    step = np.arange(0, 101, 10.0)
    longer = np.arange(0, 201, 10.0)
    theirs = Curves(step, np.tile(np.minimum(step / 50, 1), (3, 1)), None, 0.03)
    ours = Curves(longer, np.tile(np.where(longer > 100, 0.0, 0.5), (3, 1)), None, 0.06)
    found = races.race(ours, theirs, Goal(level=0.4))
    assert found.final.tolist() == pytest.approx([-0.5] * 3)
    assert found.gain.tolist() == pytest.approx([1.0] * 3)
    assert float(found.error) == pytest.approx(0.09 / 6)
    assert [bool(x) for x in found.collapsed] == [False, False]
    assert found.among_arrived is found.speed
    none = races.race(ours, theirs, Goal(level=0.9))
    assert int(none.among_arrived.pairs) == 0
    assert [x.tolist() for x in none.arrived] == [[False] * 3, [True] * 3]


def test_a_collapse_is_both_large_and_certain() -> None:
    """Falls of 0.1 and of 0.11 of a gain of 1; certain by runs that are alike."""

    def fell(by: float, gain: float = 1.0, error: float = 0.0) -> bool:
        accuracy = np.concatenate([np.full((4, 5), 0.9), np.full((4, 5), 0.9 - by)], axis=1)
        return bool(races.collapsed(accuracy, error, np.array(gain)))

    assert fell(0.11)
    assert not fell(0.09)
    assert fell(0.09, gain=0.8)
    # a known error of 0.11² · 6 / 16 leaves four standard errors; a little more, fewer
    assert fell(0.11, error=0.99 * 0.11**2 * 6 / 16)
    assert not fell(0.11, error=1.01 * 0.11**2 * 6 / 16)


def test_the_floor_of_a_t_is_a_normals_of_as_many_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling noise is known, not estimated: its bound is the normal's, at Student's quantile."""
    floors: list[Any] = []
    real = inversion.t_statistic

    def watched(short: Any, kept: Any, floor: Any) -> Any:
        floors.append(floor)
        return real(short, kept, floor)

    monkeypatch.setattr(speeds, "t_statistic", watched)
    ours, theirs = (straight(pace, STEP) for pace in ([0.2, 0.21, 0.19], [0.1, 0.11, 0.09]))
    ours, theirs = replace(ours, error=0.01), replace(theirs, error=0.04)
    speed(ours, theirs, Goal(0.5), quantile=0.98)
    noise = (0.01 + 0.04 * (0.25 / 2 + 0.25)) / 3
    by = (stats.norm.ppf(0.98) / stats.t.ppf(0.98, 2)) ** 2
    assert float(floors[0]) == pytest.approx(noise * by)
