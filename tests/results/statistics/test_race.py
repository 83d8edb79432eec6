"""Rules that read more than speed, each with the comparison that fails without it."""

import numpy as np
import pytest

from srpo_bench.results.statistics.race import SMOOTH, Race, collapsed, fall, fallen, race
from srpo_bench.results.statistics.speed import Curves

STEP = np.arange(0, 401, 5.0)
TIMES = 100 * np.exp(0.1 * np.random.default_rng(1).standard_normal(20))


def arm(times: np.ndarray, noise: float = 0.004, seed: int = 2) -> Curves:
    curve = 0.2 + 0.6 * (1 - 0.1 ** ((STEP / times[:, None]) ** 1.5))
    draws = np.random.default_rng(seed).standard_normal(curve.shape)
    return Curves(STEP, curve + noise * draws, None, noise**2)


def failing(curves: Curves, runs: int) -> Curves:
    accuracy = curves.accuracy.copy()
    accuracy[:runs] = accuracy[:runs, :1]
    return Curves(STEP, accuracy, None, curves.error)


def run(ours: Curves, theirs: Curves) -> Race:
    return race(ours, theirs)


def test_a_twentieth_of_the_steps_by_all_is_supported() -> None:
    found = run(arm(0.06 * TIMES), arm(TIMES))
    assert (found.side(0.1), found.kept, found.readable) == (-1, True, True)
    assert found.reach == (1, 1)


def test_challengers_that_never_learn_do_not_refute_those_that_are_fast() -> None:
    """Eight of twenty fail: their mean curve never arrives, and over all pairs both estimators
    call it slow; among the pairs that arrived it is fast. Neither is the verdict."""
    found = run(failing(arm(0.06 * TIMES), 8), arm(TIMES))
    assert found.speed.side(0.1) == 1
    assert found.among_arrived.side(0.1) == -1
    assert found.side(0.1) == 0


def test_fewer_than_eight_in_ten_that_arrive_are_no_support() -> None:
    found = run(failing(arm(0.02 * TIMES), 5), arm(TIMES))
    assert found.reach[0] == 0.75
    assert not found.kept


def test_baselines_that_never_learn_make_the_rest_look_no_slower() -> None:
    """Two of twenty baselines fail and lower the target, which the challenger then meets early."""
    whole = run(arm(0.11 * TIMES), arm(TIMES))
    cut = run(arm(0.11 * TIMES), failing(arm(TIMES), 2))
    assert float(cut.speed.ratio) < 0.92 * float(whole.speed.ratio)
    assert float(cut.among_arrived.ratio) == pytest.approx(float(whole.speed.ratio), rel=0.03)


def test_a_challenger_that_ends_lower_by_more_than_a_tenth_of_the_gain_is_not_as_good() -> None:
    ours = arm(0.06 * TIMES)
    for lack, as_good in ((0.03, True), (0.09, False)):
        lower = Curves(STEP, ours.accuracy - lack * (STEP > 200), None, ours.error)
        assert bool(run(lower, arm(TIMES)).as_good) is as_good


def test_a_late_loss_of_half_the_gain_is_a_collapse_and_a_noisy_best_is_none() -> None:
    steady = arm(0.3 * TIMES[:8], noise=0.09)
    assert not collapsed(steady.accuracy, steady.error, np.array(0.6))
    late = steady.accuracy - 0.3 * np.clip((STEP - 320) / 80, 0, 1)
    assert collapsed(late, steady.error, np.array(0.6))


def test_a_small_fall_that_is_certain_is_no_collapse() -> None:
    steady = arm(0.3 * TIMES, noise=0.001)
    late = steady.accuracy - 0.03 * (STEP > 300)
    assert not collapsed(late, steady.error, np.array(0.6))


def test_a_baseline_that_falls_back_or_does_not_gain_cannot_be_read() -> None:
    theirs = arm(TIMES)
    fallen = Curves(STEP, theirs.accuracy - 0.3 * (STEP > 350), None, theirs.error)
    assert not run(arm(TIMES), fallen).readable
    flat = arm(1e6 * TIMES)
    assert not run(arm(TIMES), flat).readable
    assert not run(arm(TIMES), failing(theirs, 5)).readable


def test_how_far_a_curve_fell_by_hand() -> None:
    """Windows of SMOOTH evaluations; the best by the mean over runs, and each run's part of it."""
    rng = np.random.default_rng(3)
    accuracy = rng.random((3, 9)) - 0.1 * np.arange(9)
    smooth = np.array(
        [[row[i : i + SMOOTH].mean() for i in range(9 - SMOOTH + 1)] for row in accuracy]
    )
    best = int(np.argmax(smooth.mean(0)))
    each = smooth[:, best] - smooth[:, -1]
    mean, parts = fall(accuracy)
    assert parts == pytest.approx(each)
    assert float(mean) == pytest.approx(each.mean())
    error = each.std(ddof=1) / np.sqrt(3)
    assert float(fallen(accuracy, 0.0)) == pytest.approx(max(each.mean(), 0) / error)
    known = 2 * 0.9 / (SMOOTH * 3)
    assert known > error**2
    assert float(fallen(accuracy, 0.9)) == pytest.approx(each.mean() / np.sqrt(known))


def test_a_fall_of_one_run_is_no_fall_and_one_of_two_is_measured() -> None:
    down = np.array([[0.5] * SMOOTH + [0.1] * SMOOTH])
    assert float(fallen(down, 0.0)) == 0
    two = np.concatenate([down, down - np.linspace(0, 0.1, 2 * SMOOTH)])
    assert 0 < float(fallen(two, 0.0)) < np.inf
    short = np.array([[0.5, 0.25], [0.75, 0.5]])
    assert float(fall(short)[0]) == 0


def test_no_gain_at_all_cannot_be_read() -> None:
    flat = Curves(STEP, np.full((8, len(STEP)), 0.5), None, 0.0)
    assert not run(flat, flat).readable


def test_a_fall_of_exactly_the_bound_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "srpo_bench.results.statistics.race"
    for how_far, errors, fell in ((0.2, 4.0, False), (0.2, 4.1, True), (0.1, 9.0, False)):
        monkeypatch.setattr(f"{module}.fall", lambda _, far=how_far: (np.array(far), None))
        monkeypatch.setattr(f"{module}.fallen", lambda *_, found=errors: np.array(found))
        assert collapsed(np.zeros((1, 1)), 0.0, np.array(1.0)) == fell


def test_what_never_moved_has_not_fallen() -> None:
    assert fallen(np.full((3, 5), 0.5), 0.0) == 0.0


def test_batches_of_two_runs_are_smoothed_over_three_evaluations() -> None:
    curve = np.array([0.0, 0.3, 0.9, 0.3, 0.0])
    mean, each = fall(np.stack([[curve, curve], [curve, 2 * curve]]))
    assert mean.tolist() == pytest.approx([0.1, 0.15])
    assert each[1].tolist() == pytest.approx([0.1, 0.2])


def test_a_race_is_judged_at_the_quantile_that_is_asked_for() -> None:
    ours, theirs = failing(arm(0.06 * TIMES), 2), arm(TIMES)
    usual, wide = race(ours, theirs), race(ours, theirs, quantile=0.999)
    for name in ("speed", "among_arrived"):
        assert getattr(wide, name).low < getattr(usual, name).low
        assert getattr(wide, name).crossing.low < getattr(usual, name).crossing.low
    assert wide.among_arrived.pairs == 18
