"""A response's line in the record."""

from __future__ import annotations

import dataclasses

from srpo_bench.harness.config import Reward
from srpo_bench.harness.rollouts.samples import sample_line
from srpo_bench.tasks.base import Grade, Outcome
from tests.harness.rollouts.test_evaluation import graded


def test_it_says_which_grades_may_be_other_ones_the_next_time() -> None:
    grades = [Grade(Outcome.CORRECT), Grade(Outcome.TIMEOUT, repeatable=False)]
    completions = dataclasses.replace(graded([[1, 0]]), grades=grades)
    lines = [sample_line(1, "train", completions, Reward(), row, None) for row in (0, 1)]
    assert [(line["outcome"], line["repeatable"]) for line in lines] == [
        ("correct", True),
        ("timeout", False),
    ]
