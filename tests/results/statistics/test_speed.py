"""The two estimators on curves whose ratio is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from srpo_bench.results.statistics.curves import crossing
from srpo_bench.results.statistics.speed import Curves, Goal, Speed, speed
from tests.examples import examples

STEP = np.arange(0, 401, 5.0)
TIMES = 100 * np.exp(0.2 * np.random.default_rng(4).standard_normal(8))


def learned(u: np.ndarray) -> np.ndarray:
    return 1 - 0.1 ** (u**1.5)


def arm(times: np.ndarray, step: np.ndarray = STEP, gain: float = 0.6, noise: float = 0.0):
    curve = 0.2 + gain * learned(step / times[:, None])
    return Curves(step, curve + noise * np.random.default_rng(5).standard_normal(curve.shape))


@examples(40)
@given(st.floats(0.15, 2.5))
def test_curves_that_are_stretched_give_back_the_stretch(ratio: float) -> None:
    found = speed(arm(ratio * TIMES), arm(TIMES))
    assert float(found.ratio) == pytest.approx(ratio, rel=0.02)
    assert found.crossing.low * 0.98 <= ratio <= found.crossing.high * 1.02
    # The inversion asks at every evaluation and half-way between, 2.5 steps apart. Without noise
    # its t leaps from far below to far above within that cell; its ends, read linearly in t, lie
    # in the cell and say no more: at small ratios more than 2 % (2.1 % at 0.42, of a cell of 5.9).
    ratios, t = found._t
    assert (t[ratios < 0.98 * ratio] < -2).all()
    assert (t[ratios > 1.02 * ratio] > 2).all()
    cell = 2.5 / float(found.baseline)
    assert found.inversion.low - cell <= ratio <= found.inversion.high + cell


def test_the_first_estimator_is_a_jackknife_of_the_log_ratio_by_hand() -> None:
    ours, theirs = arm(0.5 * TIMES[::-1]), arm(TIMES)

    def log_ratio(rows: np.ndarray) -> float:
        b, c = theirs.accuracy[rows].mean(0), ours.accuracy[rows].mean(0)
        target = b[0] + 0.9 * (b[-2:].mean() - b[0])
        return float(np.log(crossing(STEP, c, target)[0] / crossing(STEP, b, target)[0]))

    whole = log_ratio(np.arange(8))
    each = np.array([log_ratio(np.delete(np.arange(8), i)) for i in range(8)])
    error = np.sqrt(7 / 8 * ((each - each.mean()) ** 2).sum())
    t = stats.t.ppf(0.975, 7)
    found = speed(ours, theirs, quantile=0.975)
    assert float(found.ratio) == pytest.approx(np.exp(whole))
    assert float(found.crossing.low) == pytest.approx(np.exp(whole - t * error))
    assert float(found.crossing.high) == pytest.approx(np.exp(whole + t * error))


def test_the_second_asks_for_the_accuracy_at_a_share_of_the_baselines_steps() -> None:
    """Evaluations at 0, 1, 2 and a baseline that crosses at 2: at r = ½ the challenger's accuracy
    less the target is tested by Student's t over pairs, when only the challenger varies."""
    step = np.array([0.0, 1, 2])
    theirs = Curves(step, np.tile([0.0, 0.4, 0.8], (8, 1)))
    at_one = np.array([0.7, 0.9, 0.8, 1.0, 0.6, 0.9, 0.8, 0.9])
    ours = Curves(step, np.stack([[0.0, a, 1.0] for a in at_one]))
    found = speed(ours, theirs, Goal(level=0.8))
    t = stats.ttest_1samp(at_one, 0.8).statistic
    p = 2 * stats.t.sf(abs(t), 7)
    assert float(found.p(0.5)) >= p - 1e-12  # the larger of the two estimators'
    assert float(np.interp(0.5, *found._t)) == pytest.approx(t, rel=1e-6)


def test_equal_arms_have_ratio_one_and_no_p() -> None:
    found = speed(arm(TIMES, noise=0.01), arm(TIMES, noise=0.01))
    assert float(found.ratio) == 1
    assert found.side(1.0) == 0
    assert float(found.p(1.0)) == 1


def test_what_is_not_reached_is_a_bound_and_nothing_beyond_the_end_is_rejected() -> None:
    found = speed(arm(20 * TIMES), arm(TIMES))
    assert not found.arrived[0]
    assert float(found.ratio) == pytest.approx(400 / float(found.baseline))
    assert found.inversion.high == np.inf
    assert found.side(1.0) == 1


def test_a_bound_has_no_end_on_its_other_side() -> None:
    """A curve that was above the target and fell back is no arrival, and a baseline that stays
    below a named level has not been there: a lower bound may refute, an upper one support."""
    ours = arm(0.1 * TIMES)
    ours.accuracy[:, 60:] -= 0.4
    fallen = speed(ours, arm(TIMES))
    assert (bool(fallen.arrived[0]), float(fallen.high)) == (False, np.inf)
    assert fallen.crossing.low > 1
    below = arm(TIMES, gain=0.5)
    never = speed(arm(TIMES), below, Goal(level=0.72))
    assert (bool(never.arrived[1]), float(never.low)) == (False, 0.0)
    assert 0.1 < float(never.ratio) < float(never.high) < 0.5
    assert never.side(0.1) == 0
    assert never.side(0.5) == -1
    neither = speed(below, below, Goal(level=0.72))
    assert (float(neither.low), float(neither.high)) == (0.0, np.inf)


def test_the_longer_of_two_budgets_is_cut_and_the_target_is_the_baselines_own() -> None:
    longer = np.arange(0, 801, 5.0)
    whole = speed(arm(0.5 * TIMES, longer), arm(TIMES))
    assert float(whole.ratio) == float(speed(arm(0.5 * TIMES), arm(TIMES)).ratio)
    late = speed(arm(2 * TIMES, np.arange(0, 101, 5.0)), arm(TIMES))
    assert float(late.target) == float(whole.target)
    assert float(late.ratio) == pytest.approx(100 / float(late.baseline))


def test_a_collapse_parts_the_two() -> None:
    ours = arm(0.1 * TIMES)
    ours.accuracy[:, 60:] -= 0.4
    found = speed(ours, arm(TIMES))
    assert found.crossing.low > 1
    assert found.inversion.high < 0.2
    assert found.side(0.1) == found.side(0.5) == 0


def test_costs_are_what_was_spent_at_the_crossing() -> None:
    """The challenger's steps cost twice as much each: half the steps, the same cost."""
    ours, theirs = arm(0.5 * TIMES), arm(TIMES)
    double = np.tile(2 * STEP, (8, 1))
    usual = np.tile(STEP, (8, 1))
    found = speed(Curves(STEP, ours.accuracy, double), Curves(STEP, theirs.accuracy, usual))
    steps = speed(ours, theirs)
    assert float(found.ratio) == pytest.approx(2 * float(steps.ratio))
    assert float(found.low) == pytest.approx(2 * float(steps.low), rel=1e-6)
    assert float(found.high) == pytest.approx(2 * float(steps.high), rel=1e-6)


def test_pairs_that_are_not_chosen_are_as_if_they_were_not_there() -> None:
    ours, theirs = arm(0.5 * TIMES[::-1]), arm(TIMES)
    chosen = np.array([True] * 6 + [False] * 2)
    some = speed(ours, theirs, chosen=chosen)
    alone = speed(
        Curves(STEP, ours.accuracy[:6]),
        Curves(STEP, theirs.accuracy[:6]),
    )
    for name in ("ratio", "low", "high", "target"):
        assert float(getattr(some, name)) == pytest.approx(float(getattr(alone, name)))


def test_an_error_that_is_known_is_a_floor_where_runs_are_alike() -> None:
    same = np.full(8, 100.0)
    free = speed(arm(0.1 * same), arm(same))
    bound = speed(
        Curves(STEP, arm(0.1 * same).accuracy, None, 0.05**2),
        Curves(STEP, arm(same).accuracy, None, 0.05**2),
    )
    assert 0.08 < float(free.inversion.low) <= float(free.inversion.high) < 0.12
    assert float(bound.inversion.low) < float(free.inversion.low)
    assert float(bound.inversion.high) > float(free.inversion.high) + 0.005


def test_the_target_is_estimated_anew_without_each_pair() -> None:
    """The challengers are alike and one baseline ends higher: without it the target is lower."""
    step = np.arange(0, 101, 10.0)
    theirs = np.stack([top * step / 100 for top in (0.5, 0.5, 0.5, 0.9)])
    found = speed(Curves(step, np.tile(step / 100, (4, 1))), Curves(step, theirs))
    tops = np.array([0.6, *[(0.5 + 0.5 + 0.9) / 3] * 3, 0.5])
    level = 0.9 * 0.95 * tops  # nine tenths of the mean of the evaluations at 90 and at 100
    expected = np.log(100 * level / (100 * level / tops))
    assert found.replicates == pytest.approx(expected, abs=1e-6)
    assert found.replicates[-1] < found.replicates[0] < found.replicates[1]
    assert float(found.target) == pytest.approx(level[0])
    assert float(found.challenger) == pytest.approx(100 * level[0], abs=1e-6)


def test_one_pair_has_no_interval() -> None:
    found: Speed = speed(arm(0.5 * TIMES[:1]), arm(TIMES[:1]))
    assert found.side(0.9) == 0
    assert np.isnan(found.p(1.0))


def test_batches_are_their_members_one_by_one() -> None:
    rng = np.random.default_rng(8)
    many = [0.2 + 0.6 * learned(STEP / (t * TIMES[:, None])) for t in (0.4, 0.9, 3.0)]
    ours = np.stack(many) + 0.02 * rng.standard_normal((3, 8, len(STEP)))
    theirs = np.stack([arm(TIMES, noise=0.01).accuracy] * 3)
    whole = speed(Curves(STEP, ours), Curves(STEP, theirs))
    for i in range(3):
        one = speed(Curves(STEP, ours[i]), Curves(STEP, theirs[i]))
        assert (one.ratio, one.low, one.high) == pytest.approx(
            (whole.ratio[i], whole.low[i], whole.high[i])
        )


def test_an_arm_that_never_arrives_stands_at_its_end() -> None:
    found = speed(arm(TIMES), arm(20 * TIMES), Goal(level=0.7))
    assert (float(found.baseline), bool(found.arrived[1])) == (400, False)


def test_one_pair_has_a_ratio() -> None:
    assert float(speed(arm(0.5 * TIMES[:1]), arm(TIMES[:1])).ratio) == pytest.approx(0.5, rel=0.02)
