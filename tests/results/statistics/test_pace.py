from __future__ import annotations

import numpy as np
import pytest

from srpo_bench.results.statistics.pace import steps_to, target_of

STEPS = np.arange(0, 101, 10.0)


def rising(until: float, base: float = 0.2, top: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """A straight rise that is over at a step."""
    return STEPS, base + (top - base) * np.minimum(STEPS / until, 1)


def test_the_target_is_nine_tenths_of_the_mean_curves_gain() -> None:
    assert target_of([rising(50), rising(50, base=0.0, top=0.6)]) == pytest.approx(0.1 + 0.9 * 0.6)


def test_steps_are_read_off_the_mean_of_all_runs() -> None:
    """0.5 is half way: at 20 of one, at 40 of the other; their mean is there between."""
    found = steps_to([rising(40), rising(80)], 0.5)
    assert found is not None
    assert 20 < found < 30


def test_who_never_arrives_has_none() -> None:
    assert steps_to([rising(50, top=0.6)], 0.7) is None


def test_who_arrives_and_falls_back_does_not_hold_it() -> None:
    steps, accuracy = rising(40)
    assert steps_to([(steps, accuracy), (steps, accuracy + 0.01)], 0.7) is not None
    fallen = np.where(steps > 60, 0.3, accuracy)
    assert steps_to([(steps, fallen), (steps, fallen + 0.01)], 0.7) is None


def test_only_steps_that_all_runs_have_count() -> None:
    steps, accuracy = rising(40)
    odd = (np.append(steps, 105.0), np.append(accuracy, 0.0))
    assert steps_to([odd, rising(40)], 0.5) == steps_to([rising(40)], 0.5)


def test_a_fall_is_measured_against_no_noise_at_all() -> None:
    """Two curves alike that end a quarter of the gain below their best have fallen."""
    curve = np.array([0.2, 0.8, 0.8, 0.8, 0.8, 0.8, 0.65, 0.65, 0.65, 0.65, 0.65])
    assert steps_to([(STEPS, curve), (STEPS, curve + 1e-6)], 0.5) is None


@pytest.mark.parametrize(
    ("curve", "target", "kept"),
    [
        # 0.03 of a gain of 0.07 is lost, and 0.003 of a gain of 0.097
        ([0.5, 0.55, 0.6, 0.6, 0.6, 0.57, 0.57, 0.57], 0.56, False),
        ([0.5, 0.59, 0.6, 0.6, 0.6, 0.597, 0.597, 0.597], 0.55, True),
    ],
)
def test_a_fall_is_measured_against_the_gain_since_the_first_evaluation(
    curve: list[float], target: float, kept: bool
) -> None:
    run = STEPS[: len(curve)], np.array(curve)
    assert (steps_to([run, run], target) is not None) is kept
