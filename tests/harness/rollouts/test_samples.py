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


def test_a_responses_line_by_hand() -> None:
    told = graded([[1, 0]])
    grades = [Grade(Outcome.CORRECT, answer="7", fields={"brief": 0.5}), Grade(Outcome.WRONG)]
    told = dataclasses.replace(told, grades=grades, texts=["seven", "eight"])
    weights = Reward.model_validate({"accuracy": 2.0, "brief": 4.0})
    assert sample_line(3, "train", told, weights, 0, 0.25, own_reward=1.5) == {
        "step": 3, "phase": "train", "problem": "0", "task": "t", "prompt": "", "response": "seven",
        "answer": "7", "expected": "", "outcome": "correct", "repeatable": True, "reward": 4.0,
        "advantage": 0.25, "length": 3, "truncated": False, "rewards": {"brief": 0.5},
        "own_reward": 1.5,
    }  # fmt: skip
    bare = sample_line(3, "eval", told, weights, 1, None)
    assert (bare["reward"], bare["advantage"], bare["response"]) == (0, None, "eight")
    assert not {"rewards", "own_reward"} & bare.keys()
