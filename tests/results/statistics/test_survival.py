import numpy as np
import pytest

from srpo_bench.results.runs import Comparison, read
from srpo_bench.results.statistics import survival as module
from srpo_bench.results.statistics.steps import Crossing, crossing
from srpo_bench.results.statistics.survival import Survival, kaplan_meier, survival
from tests.results import synthetic
from tests.results.made import run


@pytest.fixture
def comparison(tmp_path) -> Comparison:
    return read(synthetic.write(tmp_path / "c", seeds=6))


def test_with_no_censoring_the_restricted_mean_is_the_mean(comparison: Comparison) -> None:
    found = survival(comparison.of("grpo"), 0.6, 400)
    assert found.reached == 6
    times = [crossing(r.evals, 0.6).at for r in comparison.of("grpo")]
    assert found.rmst == pytest.approx(np.mean(times))
    assert found.median == np.sort(times)[2]  # the first time at which half are there


def test_all_censored_leaves_a_bound(comparison: Comparison) -> None:
    found = survival(comparison.of("grpo"), 1.5, 400)
    assert found.median == np.inf
    assert found.rmst == 400


def survived(
    monkeypatch: pytest.MonkeyPatch, times: list[int], events: list[bool], horizon: float
) -> Survival:
    """Of runs that crossed, or were last seen, at these times."""

    class Stand:
        def __init__(self, index: int) -> None:
            self.evals = [index]
            self.last_step = float(times[index])

    def found(evals: list[int], target: float) -> Crossing:
        i = evals[0]
        return Crossing(times[i], times[i] - 1, times[i], events[i])

    monkeypatch.setattr(module, "crossing", found)
    return survival([Stand(i) for i in range(len(times))], 0.5, horizon)  # type: ignore[misc]


def test_freireich_1963(tmp_path, monkeypatch) -> None:
    """Remission times of 6-MP patients, the textbook example: R's survfit gives median 23 and a
    restricted mean of 23.3 up to 35 weeks."""
    times = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    events = 9 * [True] + 12 * [False]

    result = survived(monkeypatch, times, events, 35)
    assert result.median == 23
    assert result.rmst == pytest.approx(23.287, abs=1e-3)
    assert result.below[np.searchsorted(result.steps, 10)] == pytest.approx(0.7529, abs=1e-4)


def test_the_restricted_mean_goes_on_to_the_horizon(tmp_path, monkeypatch) -> None:
    """By hand: below is 1 to 5, 0.8 to 8, 0.6 to 10, then 0.3 to the horizon at 20, past the last
    censored time."""
    times, events = [5, 8, 8, 10, 12], [True, True, False, True, False]

    result = survived(monkeypatch, times, events, 20)
    assert result.rmst == pytest.approx(5 + 0.8 * 3 + 0.6 * 2 + 0.3 * 10)


def test_the_median_of_an_even_number_is_where_half_are_there() -> None:
    """7/8 · 6/7 · 5/6 · 4/5 is a half, and a bit more in floating point."""
    times = np.arange(1.0, 9.0)
    steps, below, _, _ = module.kaplan_meier(times, np.ones(8, dtype=bool))
    assert module.median(steps, below) == 4


def test_the_interval_is_the_log_log_one() -> None:
    """Kalbfleisch and Prentice: S^exp(± 1.96 se(log −log S)), with Greenwood's sum by hand. At 8
    two of five have gone at 1 in 5 and 1 in 4: Σ d/(n(n−d)) = 1/20 + 1/12."""
    times, events = np.array([5.0, 8, 8, 10, 12]), np.array([True, True, False, True, False])
    steps, below, low, high = module.kaplan_meier(times, events)
    assert steps.tolist() == [0, 5, 8, 10, 12]
    assert below == pytest.approx([1, 0.8, 0.6, 0.3, 0.3])
    reach = 1.959964 * np.sqrt(1 / 20 + 1 / 12) / abs(np.log(0.6))
    assert low[2] == pytest.approx(0.6 ** np.exp(reach), abs=1e-6)
    assert high[2] == pytest.approx(0.6 ** np.exp(-reach), abs=1e-6)
    assert (low[0], high[0]) == (1, 1)


def test_where_all_are_there_the_interval_is_nothing() -> None:
    steps, below, low, high = module.kaplan_meier(np.array([0.0, 0.0, 3.0]), np.ones(3, dtype=bool))
    assert steps.tolist() == [0, 3]
    assert below == pytest.approx([1 / 3, 0])
    assert (low[1], high[1]) == (0, 0)
    assert module.median(steps, below) == 0
    assert module.restricted_mean(steps, below, 2) == pytest.approx(2 / 3)


def test_without_an_evaluation_there_is_nothing_to_survive() -> None:
    found = survival([run(accuracy=())], 0.5, 100)
    assert (found.n, found.reached) == (0, 0)
    assert np.isnan([found.median, found.rmst]).all()
    assert [len(x) for x in (found.steps, found.below, found.low, found.high)] == [0] * 4


def test_who_crosses_after_the_horizon_is_lost_sight_of_there() -> None:
    """Crossings at 15 and at 45, a run that ends at 20, and a horizon of 15, 40 or 100."""
    runs = [
        run(seed=1, accuracy=(0, 0.0, 1.0, 1.0, 1.0, 1.0)),
        run(seed=2, accuracy=(0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0)),
        run(seed=3, accuracy=(0, 0.0, 0.0)),
    ]
    at = [survival(runs, 0.5, horizon) for horizon in (14, 15.001, 40, 100)]
    assert [found.reached for found in at] == [0, 1, 1, 2]
    assert [found.n for found in at] == [3] * 4
    assert [found.watched for found in at] == [True, True, True, True]
    assert not survival(runs[2:], 0.5, 21).watched
    assert survival(runs[2:], 0.5, 20).watched
    assert at[0].rmst == pytest.approx(14)
    assert at[2].rmst == pytest.approx(15 + 2 / 3 * 25, abs=1e-3)
    assert at[3].rmst == pytest.approx(15 + 2 / 3 * 30, abs=1e-3)
    assert at[3].steps == pytest.approx([0, 15, 20, 45], abs=1e-3)


def test_a_first_step_at_zero_stands_once() -> None:
    steps, below, low, high = module.kaplan_meier(np.array([0.0, 4.0]), np.array([True, False]))
    assert steps.tolist() == [0, 4]
    assert below.tolist() == [0.5, 0.5]
    assert 0 < low[0] < 0.5 < high[0] < 1
    steps, below, low, high = module.kaplan_meier(np.array([4.0, 4.0]), np.array([True, False]))
    assert (steps.tolist(), below.tolist()) == ([0, 4], [1, 0.5])
    assert (low[0], high[0]) == (1, 1)
    assert module.median(steps, below) == 4
    assert module.median(steps, np.array([1, 0.51])) == np.inf


def test_who_arrives_just_at_the_horizon_has_arrived() -> None:
    there = run(accuracy=(0.9, 0.9), step=(10, 20))
    assert survival([there], 0.5, 10.0).reached == 1
    assert survival([there], 0.5, 9.9).reached == 0


def test_all_are_below_before_the_first_time_however_early_it_is() -> None:
    steps, below, *_ = kaplan_meier(np.array([0.5, 2.0]), np.array([True, True]))
    assert (steps.tolist(), below.tolist()) == ([0, 0.5, 2], [1, 0.5, 0])
