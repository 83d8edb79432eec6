import numpy as np
import pytest
from rliable import metrics

from srpo_bench.results.statistics import across

RNG = np.random.default_rng(3)
X, Y = RNG.random((6, 4)).round(1), RNG.random((5, 4)).round(1)


def test_iqm_is_rliables() -> None:
    assert across.iqm(X) == pytest.approx(metrics.aggregate_iqm(X))


def test_probability_of_improvement_is_rliables() -> None:
    theirs = metrics.probability_of_improvement(X, Y)
    assert across.probability_of_improvement(X, Y) == pytest.approx(theirs)


def test_profile_is_rliables_score_distribution() -> None:
    from rliable.library import run_score_deviation

    thresholds = np.linspace(0, 1, 11)
    theirs = [run_score_deviation(X, t) for t in thresholds]
    assert across.profile(X, thresholds) == pytest.approx(theirs)


def test_intervals_hold_the_estimate_and_repeat() -> None:
    for found, again in (
        (across.iqm_interval(X), across.iqm_interval(X)),
        (across.improvement_interval(X, Y), across.improvement_interval(X, Y)),
    ):
        assert found == again
        assert found.low <= found.value <= found.high


def test_an_arm_against_itself_is_a_coin() -> None:
    assert across.probability_of_improvement(X, X) == 0.5


def test_geometric_mean_of_a_constant_ratio_is_that_ratio() -> None:
    b = RNG.random((8, 3)) + 1
    found = across.geometric_mean_ratio(0.25 * b, b)
    assert found.value == pytest.approx(0.25)
    assert found.low == pytest.approx(found.high)


def test_geometric_mean_of_one_task_is_the_ratio_of_means() -> None:
    from srpo_bench.results.statistics.inference import ratio_of_means

    b, c = RNG.random(8) + 1, RNG.random(8) + 2
    one, other = across.geometric_mean_ratio(c[:, None], b[:, None]), ratio_of_means(c, b)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_time_profile_counts_tasks_within_a_factor_of_the_fastest() -> None:
    times = {"a": np.array([10.0, 20.0, np.inf]), "b": np.array([20.0, 10.0, 30.0])}
    found = across.time_profile(times, np.array([1.0, 2.0, 100.0]))
    assert found["a"] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert found["b"] == pytest.approx([2 / 3, 1, 1])


def test_intervals_over_one_task_are_rliables_up_to_resampling() -> None:
    """With one task a stratum is a run, so that the two bootstraps are the same."""
    from rliable.library import get_interval_estimates

    rng = np.random.default_rng(5)
    x, y = rng.random((12, 1)), rng.random((10, 1)) + 0.2
    np.random.seed(0)  # what rliable draws from, whatever it is given
    theirs = get_interval_estimates(
        {"x": x}, lambda s: np.array([metrics.aggregate_iqm(s)]), reps=500
    )[1]
    ours = across.iqm_interval(x)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs["x"][:, 0]), abs=0.05)
    pair = get_interval_estimates(
        {"x,y": (x, y)}, lambda a, b: np.array([metrics.probability_of_improvement(a, b)]), reps=500
    )[1]
    found = across.improvement_interval(x, y)
    assert (found.low, found.high) == pytest.approx(tuple(pair["x,y"][:, 0]), abs=0.05)
