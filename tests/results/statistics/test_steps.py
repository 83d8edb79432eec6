import numpy as np
import pytest

from srpo_bench.results.runs import Evals, read
from srpo_bench.results.statistics.steps import cost, crossing, gain, spent
from srpo_bench.results.store import ResultsError
from tests.results import synthetic


def evals(accuracy: list[float], every: int = 10) -> Evals:
    step = np.arange(len(accuracy)) * float(every)
    return Evals(step, np.array(accuracy), np.zeros(len(accuracy)), {}, {"steps": step})


def test_a_crossing_needs_two_consecutive_evaluations() -> None:
    found = crossing(evals([0.1, 0.6, 0.4, 0.5, 0.7]), 0.5)
    assert (found.first, found.before, found.reached) == (30, 20, True)


def test_on_a_straight_curve_the_crossing_is_where_the_line_meets_the_target() -> None:
    found = crossing(evals([0.1, 0.3, 0.5, 0.7, 0.9]), 0.4)
    assert found.at == pytest.approx(15)


@pytest.mark.parametrize("target", [0.3, 0.55, 0.6, 0.75, 0.85])
def test_the_crossing_is_inside_its_bracket_and_near_the_truth(target: float) -> None:
    step = np.arange(0, 101, 10.0)
    found = crossing(evals(list(1 - np.exp(-step / 30))), target)
    assert found.before <= found.at <= found.first
    assert found.at == pytest.approx(-30 * np.log(1 - target), rel=0.02)


def test_a_single_last_evaluation_above_is_censored_at_the_end() -> None:
    found = crossing(evals([0.1, 0.2, 0.3, 0.9]), 0.5)
    assert not found.reached
    assert found.at == 30


def test_a_run_that_starts_above_crosses_at_its_start() -> None:
    assert crossing(evals([0.9, 0.9]), 0.5).at == 0


def test_a_run_without_evaluations_is_censored_at_zero() -> None:
    assert not crossing(evals([]), 0.5).reached


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


def test_costs_are_linear_between_evaluations_and_restricted_to_the_horizon(tmp_path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, noise=0.0)
    run = read(folder).of("grpo")[0]
    found = crossing(run.evals, 0.8)
    whole = cost(run, found, "steps", 400)
    assert (whole.low, whole.high) == (found.before, found.first)
    assert whole.at == pytest.approx(found.at)
    assert spent(run, found.at, "responses") == pytest.approx(128 * found.at, rel=1e-2)
    cut = cost(run, found, "steps", 100)
    assert (cut.low, cut.at, cut.high, cut.reached) == (100, 100, 100, False)


def test_an_unfinished_run_is_known_only_between_bounds(tmp_path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=400)
    run = read(folder).of("grpo")[0]
    never = crossing(run.evals, 2.0)
    open_cost = cost(run, never, "steps", 800)
    assert (open_cost.low, open_cost.high, open_cost.known) == (400, 800, False)
    assert cost(run, never, "responses", 800).high == pytest.approx(2 * 128 * 400)
