"""Seconds that are left, on numbers made by hand."""

from __future__ import annotations

import pytest

from srpo_bench.harness.cli.eta import Pace, minutes, together
from srpo_bench.harness.config import Config

CONFIG = Config.model_validate(
    {"steps": 16, "evaluation": {"every": 4, "early_every": 1, "early_until": 4}}
)
"""Evaluations at 0, 1, 2, 3, 4, 8, 12, 16."""


def line(step: int, training: float, evaluation: float) -> dict[str, float]:
    phases = {"rollout": 0.0, "grading": 0.0, "training": training, "sync": 0.0, "other": 0.0}
    return {"step": step, **phases, "evaluation": evaluation}


def paced() -> Pace:
    pace = Pace()
    for step, evaluation in ((0, 10.0), (1, 10.0), (2, 10.0)):
        pace.add(line(step, 1.0 if step else 0.0, evaluation))
    return pace


def test_training_and_evaluation_are_counted_apart() -> None:
    # 14 steps of 1 s; evaluations at 3, 4, 8, 12, 16, of 10 s. The mean rate would say 14 x 11.
    assert paced().seconds(CONFIG, 2) == pytest.approx(14 + 5 * 10)


def test_a_run_that_waits_has_its_first_evaluation_before_it() -> None:
    assert paced().seconds(CONFIG, None) == pytest.approx(16 + 8 * 10)


def test_without_a_step_nothing_is_known() -> None:
    pace = Pace()
    assert pace.seconds(CONFIG, None) is None
    pace.add(line(0, 0.0, 10.0))
    assert pace.seconds(CONFIG, 0) is None


def test_pooled_paces_weigh_by_what_was_done() -> None:
    slow = Pace(steps=3, training=9.0, evaluations=1, evaluation=40.0, processor=2.5)
    whole = Pace.pooled([paced(), slow])
    assert (whole.steps, whole.training) == (5, 11.0)
    assert (whole.evaluations, whole.evaluation, whole.processor) == (4, 70.0, 2.5)


def test_a_short_evaluation_is_one() -> None:
    pace = Pace()
    for step in (0, 1):
        pace.add({**line(step, 1.0, 0.5), "processor": 0.25})
    assert (pace.steps, pace.evaluations, pace.evaluation, pace.processor) == (1, 2, 1.0, 0.5)


@pytest.mark.parametrize(
    ("running", "waiting", "places", "seconds"),
    [
        ([], [], 2, 0),
        ([], [], 0, 0),
        ([30, 10], [], 2, 30),
        ([30, 10], [50], 2, 60),
        ([30, 10], [50, 50], 2, 80),
        ([5], [7], 2, 7),
        ([], [4, 4, 4], 1, 12),
    ],
)
def test_runs_side_by_side(
    running: list[float], waiting: list[float], places: int, seconds: float
) -> None:
    assert together(running, waiting, places) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "5 s"),
        (42, "40 s"),
        (54.9, "55 s"),
        (55, "1 min"),
        (59, "1 min"),
        (540, "9 min"),
        (3569, "59 min"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_minutes(seconds: float, words: str) -> None:
    assert minutes(seconds) == words
