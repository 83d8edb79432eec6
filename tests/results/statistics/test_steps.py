import numpy as np
import pytest

from srpo_bench.results.records import Evals
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.steps import GRID, Crossing, Gain, crossing, gain
from srpo_bench.results.store import ResultsError
from tests.results import synthetic
from tests.results.made import NAN, run


def evals(accuracy: list[float], every: int = 10) -> Evals:
    step = np.arange(len(accuracy)) * float(every)
    return Evals(step, np.array(accuracy), np.zeros(len(accuracy)), {}, {"steps": step})


def test_a_crossing_is_of_the_runs_own_isotonic_curve() -> None:
    """.6 and .4 make one block of .5 at 15, which is at the target; what follows keeps it."""
    found = crossing(evals([0.1, 0.6, 0.4, 0.5, 0.7]), 0.5)
    assert (found.at, found.low, found.high, found.reached) == pytest.approx(
        (15, 0, 15, True), abs=0.01
    )


@pytest.mark.parametrize("target", [0.3, 0.55, 0.6, 0.75, 0.85])
def test_the_crossing_is_inside_its_bracket_and_near_the_truth(target: float) -> None:
    step = np.arange(0, 101, 10.0)
    found = crossing(evals(list(1 - np.exp(-step / 30))), target)
    assert found.low <= found.at <= found.high
    assert found.at == pytest.approx(-30 * np.log(1 - target), rel=0.02)


def test_a_run_that_falls_back_below_the_target_has_not_reached_it() -> None:
    found = crossing(evals([0.1, 0.9, 0.9, 0.2, 0.1]), 0.8)
    assert (found.reached, found.at) == (False, 40)


def test_a_run_that_starts_above_crosses_at_its_start() -> None:
    assert crossing(evals([0.9, 0.9]), 0.5).at == 0


def test_a_run_without_evaluations_is_censored_at_zero() -> None:
    assert crossing(evals([]), 0.5) == Crossing(0, 0, 0, False)


def test_the_target_is_ninety_percent_of_the_mean_gain_of_the_last_two(tmp_path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=3)
    runs = read(folder).of("grpo")
    found = gain(runs)
    base = np.mean([r.evals.accuracy[0] for r in runs])
    final = np.mean([r.evals.accuracy[-2:] for r in runs])
    assert found.base == pytest.approx(base)
    assert found.level() == pytest.approx(base + 0.9 * (final - base))


def test_the_gain_reads_finished_runs_alone(tmp_path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=3)
    whole = gain(read(folder).of("grpo")[:2])
    synthetic.change(folder / "grpo" / "seed-3", "status.json", state="failed")
    assert gain(read(folder).of("grpo")).level() == whole.level()


def test_no_evaluations_no_gain() -> None:
    with pytest.raises(ResultsError, match="two evaluations"):
        gain([])


def test_a_run_tells_of_a_gain_from_its_second_evaluation_on(tmp_path) -> None:
    """A finished run of two tells alone, beside longer ones that are not finished."""
    folder = synthetic.write(tmp_path / "c", seeds=2)
    synthetic.cut(folder / "grpo" / "seed-1", 2, "done")
    synthetic.cut(folder / "grpo" / "seed-2", 1, "done")
    runs = read(folder).of("grpo")
    assert [len(r.evals) for r in runs] == [2, 1]
    found = gain(runs)
    assert found.by_seed == pytest.approx(runs[0].evals.accuracy[1:] - runs[0].evals.accuracy[:1])


def test_fractions_of_the_gain_that_a_report_looks_at() -> None:
    assert GRID == (0.25, 0.5, 0.75, 0.9, 1.0)


def test_a_gain_knows_its_start_and_its_error() -> None:
    """Three runs by hand; recorded errors of 0.1 and 0.3 at each evaluation have a mean square of
    0.05, and one evaluation less the mean of two has one and a half times that."""
    runs = [
        run(seed=1, accuracy=(0.1, 0.5, 0.7), stderr=(0.1, 0.3, NAN)),
        run(seed=2, accuracy=(0.3, 0.5, 0.9), stderr=(0.1, 0.3, NAN), step=(5, 10, 20)),
    ]
    found = gain(runs)
    assert (found.base, found.final, found.size) == pytest.approx((0.2, 0.65, 0.45))
    assert found.by_seed == pytest.approx([0.5, 0.4])
    assert found.start == 5
    assert found.error == pytest.approx(1.5 * 0.05 / 2)
    assert found.level() == pytest.approx(0.2 + 0.9 * 0.45)
    assert found.level(0.5) == pytest.approx(0.2 + 0.5 * 0.45)
    assert (Gain(0, 1, np.ones(1)).start, Gain(0, 1, np.ones(1)).error) == (0, 0)


def test_where_nobody_has_finished_those_under_way_tell_of_the_gain() -> None:
    runs = [run(accuracy=(0.1, 0.5), state="running"), run(accuracy=(0.3,), state="running")]
    assert gain(runs).base == 0.1
    with pytest.raises(ResultsError, match="wait for them"):
        gain(runs[1:])


def test_without_a_target_a_run_is_censored_at_its_last_evaluation() -> None:
    for target in (np.nan, np.inf, 0.95):
        assert crossing(evals([0.1, 0.9]), target) == Crossing(10, 10, 10, False)
    found = crossing(evals([0.1, 0.9]), 0.5)
    assert (found.at, found.low, found.high) == pytest.approx((5, 0, 10), abs=1e-6)


def test_two_evaluations_of_a_finished_run_are_a_gain() -> None:
    found = gain([run(accuracy=(0.2, 0.7)), run(accuracy=(0.5, 0.6, 0.9), state="failed")])
    assert (found.base, found.final) == (0.2, 0.7)
