"""The lines a run writes, against hand-made numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from srpo_bench.harness.running.record import by_prompt, evaluation_line
from srpo_bench.results.store import Spent, TaskScore

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
