"""The lines a run writes, against hand-made numbers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.config import Reward
from srpo_bench.harness.running.ledger import empty
from srpo_bench.harness.running.record import (
    by_prompt,
    evaluation_line,
    step_line,
    training_samples,
)
from srpo_bench.results.schema import Spent, TaskScore
from tests.harness.rollouts.test_evaluation import graded

SPENT = Spent(responses=8, tokens=90, updates=1, flops=1e3)


def score(accuracy: float, stderr: float, n: int) -> TaskScore:
    return TaskScore(
        accuracy=accuracy,
        stderr=stderr,
        pass_at_k=1.0,
        n=n,
        k=1,
        length=3.0,
        outcomes={},
        correct=[],
    )


def test_tasks_weigh_the_same_whatever_their_size() -> None:
    scores = {"small": score(0.2, 0.03, 3), "large": score(0.6, 0.04, 300)}
    line = evaluation_line(5, scores, SPENT)
    assert line["step"] == 5
    assert line["accuracy"] == pytest.approx(0.4)
    assert line["stderr"] == pytest.approx(0.025)  # √(0.03² + 0.04²) / 2
    assert line["tasks"] == scores
    assert line["spent"] == SPENT


def test_every_group_keeps_its_prompt_and_the_number_right() -> None:
    problems = [SimpleNamespace(id="a"), SimpleNamespace(id="b")]
    group, accuracy = torch.tensor([0, 1, 0, 1, 1]), torch.tensor([1.0, 0, 1, 1, 0])
    completions = SimpleNamespace(problems=problems, group=group, accuracy=lambda: accuracy)
    assert by_prompt(completions) == [  # type: ignore[arg-type]
        {"prompt": "a", "right": 2, "n": 2},
        {"prompt": "b", "right": 1, "n": 3},
    ]


def test_a_steps_line_by_hand() -> None:
    """Two prompts of two: one all right, one all wrong; a field of its own, a reward of its own."""
    told = graded([[1, 1], [0, 0]])
    grades = [replace(g, fields={"brief": 0.5 * i}) for i, g in enumerate(told.grades)]
    mask = torch.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]], dtype=torch.bool)
    cut = torch.tensor([False, False, False, True])
    told = replace(told, grades=grades, responses=replace(told.responses, mask=mask, truncated=cut))
    sampler: Any = SimpleNamespace(pool_size=7, epoch=3, metrics=lambda: {"s": 1.0})
    batch: Any = SimpleNamespace(metrics={"b": 2.0}, reward=torch.tensor([1.0, 2, 3, 4]))
    update: Any = SimpleNamespace(loss=0.5, grad_norm=2.0, lr=1e-3, metrics={"u": 3.0})
    weights = Reward.model_validate({"accuracy": 2.0, "brief": 4.0})
    mismatch: Any = {"kl": 0.1}
    line = step_line(5, told, weights, sampler, batch, update, empty(), mismatch)
    assert line == {
        "step": 5, "reward": (2 + (2 + 2) + 4 + 6) / 4, "accuracy": 0.5, "length": 9 / 4,
        "truncated": 0.25, "groups": 2, "groups_all_correct": 1, "groups_all_wrong": 1,
        "pool_size": 7, "epoch": 3, "loss": 0.5, "grad_norm": 2.0, "lr": 1e-3, "ledger": empty(),
        "by_prompt": [{"prompt": "0", "right": 2, "n": 2}, {"prompt": "1", "right": 0, "n": 2}],
        "algorithm": {"s": 1.0, "b": 2.0, "u": 3.0}, "rewards": {"brief": 0.75}, "own_reward": 2.5,
        "mismatch": mismatch,
    }  # fmt: skip
    batch.reward = None
    bare = step_line(5, graded([[1]]), Reward(), sampler, batch, update, empty(), None)
    assert not {"rewards", "own_reward", "mismatch"} & bare.keys()


def test_groups_that_are_all_right_and_all_wrong_are_counted_apart() -> None:
    sampler: Any = SimpleNamespace(pool_size=7, epoch=3, metrics=dict)
    batch: Any = SimpleNamespace(metrics={}, reward=None)
    update: Any = SimpleNamespace(loss=0.5, grad_norm=2.0, lr=1e-3, metrics={})
    told = graded([[1, 1], [0, 0], [0, 0], [0, 1]])
    line = step_line(5, told, Reward(), sampler, batch, update, empty(), None)
    assert (line["groups"], line["groups_all_correct"], line["groups_all_wrong"]) == (4, 1, 2)


def test_a_prompt_without_responses_has_none() -> None:
    problems = [SimpleNamespace(id="a"), SimpleNamespace(id="b")]
    group, accuracy = torch.tensor([0, 0]), torch.tensor([1.0, 0])
    completions: Any = SimpleNamespace(problems=problems, group=group, accuracy=lambda: accuracy)
    assert [(line["right"], line["n"]) for line in by_prompt(completions)] == [(1, 2), (0, 0)]


def test_samples_have_the_worth_of_their_own_serial_number() -> None:
    """Responses 10 to 13; the batch holds 13, 11 and an old one, and is worth something to each."""
    told = graded([[1, 0], [0, 1]])
    batch: Any = SimpleNamespace(
        rollouts=SimpleNamespace(serial=torch.tensor([13, 11, 9])),
        advantage=torch.tensor([0.5, -0.5, 2.0]), reward=torch.tensor([1.0, 0.25, 4.0]),
    )  # fmt: skip
    lines = list(training_samples(5, told, batch, Reward(), 10))
    assert [line["advantage"] for line in lines] == [None, -0.5, None, 0.5]
    assert [line.get("own_reward") for line in lines] == [None, 0.25, None, 1.0]
