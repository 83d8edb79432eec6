from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.statistics import across, sampling
from srpo_bench.results.statistics.speed import Curves, Speed, speed
from tests.results.made import comparison, run

RNG = np.random.default_rng(3)
X, Y = RNG.random((6, 4)).round(1), RNG.random((6, 4)).round(1)


@pytest.fixture
def metrics() -> Any:
    return pytest.importorskip("rliable.metrics")  # what it needs has no wheel for Python 3.14


def test_iqm_is_rliables(metrics: Any) -> None:
    assert across.iqm(X) == pytest.approx(metrics.aggregate_iqm(X))


def test_probability_of_improvement_is_rliables(metrics: Any) -> None:
    theirs = metrics.probability_of_improvement(X, Y)
    assert across.probability_of_improvement(X, Y) == pytest.approx(theirs)


def test_profile_is_rliables_score_distribution() -> None:
    rliable = pytest.importorskip("rliable.library")
    thresholds = np.linspace(0, 1, 11)
    theirs = [rliable.run_score_deviation(X, t) for t in thresholds]
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


def raced(ratios: list[float], seed: int) -> Speed:
    """One task: eight pairs whose challengers need these parts of their baselines' steps."""
    step, rng = np.arange(0, 301, 5.0), np.random.default_rng(seed)
    time = 100 * np.exp(0.2 * rng.standard_normal(8))
    curve = [1 - 0.1 ** (step / (time[:, None] * np.array(r)[..., None])) for r in (ratios, [1.0])]
    return speed(Curves(step, curve[0]), Curves(step, curve[1]))


def test_the_geometric_mean_of_a_constant_ratio_is_that_ratio() -> None:
    found = across.geometric_mean_ratio([raced([0.25], 1), raced([0.25], 2)])
    assert found.value == pytest.approx(0.25, rel=0.01)
    assert found.high / found.low < 1.05


def test_the_geometric_mean_of_one_task_is_that_tasks_ratio() -> None:
    one = raced([0.3, 0.5, 0.4, 0.35, 0.6, 0.4, 0.5, 0.45], 3)
    found = across.geometric_mean_ratio([one])
    t = 2.364624  # Student's 97.5 % with seven degrees
    assert found.value == pytest.approx(float(one.ratio))
    error = np.sqrt(7 / 8 * ((one.replicates[1:] - one.replicates[1:].mean()) ** 2).sum())
    assert np.log(found.high / found.value) == pytest.approx(t * error, rel=1e-4)


def test_improvement_resamples_pairs_as_pairs() -> None:
    """Runs of one seed that rise and fall together, the challenger always a little ahead: which
    seeds are drawn matters little if both runs of a seed are drawn together."""
    rng = np.random.default_rng(6)
    b = rng.random((12, 1))
    found = across.improvement_interval(b + 0.001, b)
    assert found.high - found.low < 0.1


def test_all_wins_of_few_pairs_are_not_certainty() -> None:
    found = across.improvement_interval(np.full((8, 2), 0.9), np.full((8, 2), 0.1))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 8), abs=1e-3)


def test_time_profile_counts_tasks_within_a_factor_of_the_fastest() -> None:
    times = {"a": np.array([10.0, 20.0, np.inf]), "b": np.array([20.0, 10.0, 30.0])}
    found = across.time_profile(times, np.array([1.0, 2.0, 100.0]))
    assert found["a"] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert found["b"] == pytest.approx([2 / 3, 1, 1])


def test_intervals_over_one_task_are_rliables_up_to_resampling(metrics: Any) -> None:
    """With one task a stratum is a run, so that the two bootstraps are the same."""
    rliable = pytest.importorskip("rliable.library")
    rng = np.random.default_rng(5)
    x = rng.random((12, 1))
    np.random.seed(0)  # what rliable draws from, whatever it is given
    theirs = rliable.get_interval_estimates(
        {"x": x}, lambda s: np.array([metrics.aggregate_iqm(s)]), reps=500
    )[1]
    ours = across.iqm_interval(x)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs["x"][:, 0]), abs=0.05)


def test_one_run_has_no_interval_and_none_nothing() -> None:
    one, none = across.iqm_interval(X[:1]), across.iqm_interval(X[:0])
    assert (one.value, one.n, one.method, one.has_interval) == (across.iqm(X[:1]), 1, "none", False)
    assert np.isnan(none.value)
    assert none.n == 0
    assert across.iqm_interval(X[:2]).has_interval
    beaten = across.improvement_interval(X[:1], Y[:1])
    assert (beaten.value, beaten.n) == (across.probability_of_improvement(X[:1], Y[:1]), 1)
    assert not beaten.has_interval
    assert np.isnan(across.improvement_interval(X[:0], Y[:0]).value)
    assert across.improvement_interval(X[:2], Y[:2]).has_interval


def test_percentiles_are_symmetric() -> None:
    assert across._percentile(np.arange(1001.0)) == pytest.approx((25, 975))


def test_published_intervals_do_not_move() -> None:
    """2,000 resamples of a named stream, the same at every call."""
    found = across.iqm_interval(X)
    assert (found.low, found.high) == pytest.approx((1 / 3, 0.55), abs=1e-9)
    found = across.improvement_interval(X, Y)
    assert (found.low, found.high) == pytest.approx((0.2568576, 0.5277778), abs=1e-6)


def test_nothing_but_ties_and_tasks_that_cancel_are_not_certainty() -> None:
    """As for four of eight pairs, by Clopper and Pearson; seven halves of seven are allowed."""
    one, two = np.full((8, 1), 0.75), np.tile([[1.0, 0.0]], (8, 1))
    for found in (
        across.improvement_interval(one, one),
        across.improvement_interval(two, two[:, ::-1]),
    ):
        assert found.value == 0.5
        assert (found.low, found.high) == pytest.approx((0.1570128, 0.8429872), abs=1e-6)
    odd = across.improvement_interval(one[:7], one[:7])
    assert odd.value == 0.5
    assert odd.low == pytest.approx(1 - odd.high)
    assert 0.1 < odd.low < 0.2


def test_runs_that_are_all_alike_leave_the_iqm_the_error_of_their_answers() -> None:
    right, half = across.iqm_interval(np.ones((8, 2)), floor=1e-4), 1.959964 * 0.01
    assert (right.value, right.high, right.low) == (1.0, 1.0, pytest.approx(1 - half))
    scattered = across.iqm_interval(X, floor=1e-9)
    assert scattered == across.iqm_interval(X)


def test_no_win_at_all_is_not_certainty_either() -> None:
    found = across.improvement_interval(np.full((8, 2), 0.1), np.full((8, 2), 0.9))
    assert (found.value, found.low, found.n) == (0, 0, 8)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 8), abs=1e-3)


def test_a_score_at_a_threshold_is_not_above_it() -> None:
    found = across.profile(np.array([[0.2, 0.4]]), np.array([0.1, 0.2, 0.4]))
    assert found.tolist() == [1, 0.5, 0]


def test_without_tasks_or_pairs_there_is_no_geometric_mean() -> None:
    nothing = across.geometric_mean_ratio([])
    assert (nothing.n, nothing.method) == (0, "none")
    assert np.isnan(nothing.value)
    lone = raced([0.25], 1)
    one = SimpleNamespace(arrived=(True, True), replicates=lone.replicates[:2])
    found = across.geometric_mean_ratio([one])  # type: ignore[list-item]
    assert (found.n, found.has_interval) == (1, False)
    assert found.value == pytest.approx(float(lone.ratio))
    two = SimpleNamespace(arrived=(True, True), replicates=lone.replicates[:3])
    assert across.geometric_mean_ratio([two]).has_interval  # type: ignore[list-item]
    open_ended = SimpleNamespace(arrived=(True, True), replicates=np.array([0.0, 0.1, np.inf, 0.2]))
    assert not across.geometric_mean_ratio([open_ended]).has_interval  # type: ignore[list-item]


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
def test_of_a_bound_the_geometric_mean_is_a_bound(ours: bool, theirs: bool) -> None:
    """An arm that never gets there stands at its end: beyond it the ratio may go on."""
    whole, cut = raced([0.25], 1), raced([0.5], 2)
    stands: Any = SimpleNamespace(arrived=(ours, theirs), replicates=cut.replicates)
    found, usual = (across.geometric_mean_ratio([whole, x]) for x in (stands, cut))
    assert found.value == usual.value
    assert found.low == (usual.low if theirs else 0)
    assert found.high == (usual.high if ours else np.inf)
    assert 0 < usual.low < usual.high < np.inf


def test_two_tasks_weigh_the_same_on_the_log_scale() -> None:
    tasks = [
        SimpleNamespace(arrived=(True, True), replicates=np.log(np.full(9, r))) for r in (0.25, 1.0)
    ]
    found = across.geometric_mean_ratio(tasks)  # type: ignore[arg-type]
    assert (found.value, found.n, found.method) == (pytest.approx(0.5), 8, "mean curves")


def test_one_task_alone_is_the_accuracy_of_the_runs_that_have_it() -> None:
    runs = [run(seed=1, tasks={"a": (0.1, 0.2), "b": (0.5, 0.6)}), run(seed=2)]
    view = across.on_task(comparison(*runs), "b")
    assert [r.seed for r in view.runs] == [1]
    assert view.runs[0].evals.accuracy.tolist() == [0.5, 0.6]
    assert np.isnan(view.runs[0].evals.stderr).all()


def test_one_task_alone_has_its_own_error_and_not_that_of_the_mean() -> None:
    """24 of 24 right in one task and noise in the other: what so many answers leave open."""
    whole = run(seed=1, tasks={"a": (0.5, 1.0), "b": (0.5, 0.6)}, stderr=(0.05, 0.01))
    score = {"a": {"n": 24, "k": 1}, "b": {"n": 24, "k": 1}}
    evals = replace(
        whole.evals,
        errors={"a": np.array([0.02, 0.0]), "b": np.array([0.1, 0.2])},
        first=score,
        last=score,
    )
    alone = across.of_task(replace(whole, evals=evals), "b").evals
    assert alone.stderr.tolist() == [0.1, 0.2]
    assert (list(alone.tasks), list(alone.first), list(alone.last)) == (["b"], ["b"], ["b"])
    solved = across.of_task(replace(whole, evals=evals), "a")
    assert sampling.variance([solved]) == sampling.jeffreys(24)


def test_what_is_drawn_again_is_drawn_from_stream_nought() -> None:
    """The middle six of ten scores, and wins of runs that are drawn with both of their sides."""
    x, y = (np.random.default_rng(seed).random((5, 2)) for seed in (8, 9))
    picks = np.random.default_rng(0).integers(0, 5, (2000, 5))
    middle = np.sort(x[picks].reshape(2000, 10))[:, 2:8].mean(1)
    found = across.iqm_interval(x)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(middle, [0.025, 0.975])))
    weight = np.random.default_rng(0).multinomial(5, np.full(5, 0.2), 2000) / 5
    wins = (x[:, None] > y[None]).mean(2)
    drawn = (weight[:, :, None] * weight[:, None] * wins).sum((1, 2))
    found = across.improvement_interval(x, y)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_the_interval_of_a_geometric_mean_is_even_on_the_log_scale() -> None:
    found = across.geometric_mean_ratio([raced([0.3, 0.5, 0.4, 0.35, 0.6, 0.4, 0.5, 0.45], 3)])
    assert found.low < found.value < found.high
    assert found.low * found.high == pytest.approx(found.value**2)
