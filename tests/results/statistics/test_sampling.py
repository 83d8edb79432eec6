"""What one evaluation's noise is taken for, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.statistics.sampling import jeffreys, jumps, variance

NAN = float("nan")


def run(stderr: list[float], accuracy: list[float], last: dict[str, Any] | None = None) -> Any:
    evals = SimpleNamespace(stderr=np.array(stderr), accuracy=np.array(accuracy), last=last or {})
    return SimpleNamespace(evals=evals)


def test_so_many_right_answers_leave_something_open() -> None:
    """Jeffreys' share of 24 of 24 is 24.5/25, and its variance that of 24 answers."""
    share = 24.5 / 25
    assert jeffreys(24) == pytest.approx(share * (1 - share) / 24)
    assert jeffreys(0) == 0


def test_noise_is_read_off_second_differences_of_the_later_half() -> None:
    late = np.array([0.0, 1, 0, 1, 0])  # second differences of 2
    early = np.array([9.0, -9, 9, -9, 9])
    assert jumps(np.concatenate([early, late])) == pytest.approx(4 / (6 * 0.4549))
    assert jumps(np.arange(10.0)) == 0
    assert jumps(late[:4].repeat(2)) == 0  # four are too few


def test_recorded_errors_count_and_are_never_below_what_the_answers_leave_open() -> None:
    recorded = run([0.1, NAN, 0.3], [0.5] * 3)
    assert variance([recorded]) == pytest.approx((0.01 + 0.09) / 2)
    last = {"a": {"n": 4, "k": 2}, "b": {"n": 24}}
    certain = run([0.0], [1.0], last)
    floor = (jeffreys(8) + jeffreys(24)) / 4
    assert variance([certain]) == pytest.approx(floor)
    assert variance([recorded, certain]) == pytest.approx((0.05 + floor) / 2)
    assert variance([]) == 0


def test_a_run_without_errors_is_read_by_its_jumps() -> None:
    curve = [0.0, 0, 0, 0, 0, 0, 1, 0, 1, 0]
    assert variance([run([NAN] * 10, curve)]) == pytest.approx(4 / (6 * 0.4549))


def test_an_error_of_nothing_is_no_error_that_is_known() -> None:
    curve = [0.0, 0, 0, 0, 0, 0, 1, 0, 1, 0]
    assert variance([run([0.0] * 10, curve)]) == pytest.approx(4 / (6 * 0.4549))


def test_one_answer_leaves_most_open_and_none_that_is_counted_nothing() -> None:
    assert jeffreys(1) == pytest.approx(0.75 * 0.25)
    assert variance([run([0.0], [1.0], {"a": {}})]) == 0
    three = {task: {"n": 4} for task in "abc"}
    assert variance([run([0.0], [1.0], three)]) == pytest.approx(jeffreys(4) / 3)
