"""The lines that cost is held to, and the comparisons that reports are timed on."""

from pathlib import Path

import pytest

from benchmarks.many_runs import write
from benchmarks.scaling import fit
from srpo_bench.results.runs import read


def test_points_on_a_line_give_the_line() -> None:
    slope, start, worst = fit([1.0, 10.0, 1000.0], [5.0, 23.0, 2003.0])
    assert (slope, start, worst) == pytest.approx((2.0, 3.0, 0.0), abs=1e-9)


def test_a_square_lies_above_its_line_at_its_end() -> None:
    _, _, worst = fit([1.0, 2.0, 4.0, 8.0], [1.0, 4.0, 16.0, 64.0])
    assert worst > 0.2


def test_as_many_runs_as_wanted_each_of_its_own_with_one_start_a_seed(tmp_path: Path) -> None:
    comparison = read(write(tmp_path, 20))
    runs = comparison.runs
    assert len(runs) == 20
    assert {run.state for run in runs} == {"done"}
    assert len({tuple(run.evals.accuracy.tolist()) for run in runs}) == 20
    starts = {(run.seed, run.evals.accuracy[0]) for run in runs}
    assert len(starts) == 10
    assert all(len(run.steps) == 96 for run in runs)
