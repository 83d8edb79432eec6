from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Grades
from srpo_bench.algorithms.history import SuccessRates, TrajectoryHistory


def _graded(accuracy: list[float]) -> Grades:
    # Rewards say the opposite of accuracies: nothing here may look at them.
    return Grades(reward=1 - torch.tensor(accuracy), accuracy=torch.tensor(accuracy))


def test_success_rate_is_an_exponential_average(sample: Any) -> None:
    rates, history = SuccessRates(decay=0.75), TrajectoryHistory(1)
    for accuracy in ([1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0]):
        rollouts = sample(["a"], 4, seed=0)
        rates.observe(rollouts, _graded(accuracy))
    history.add(rollouts, torch.zeros(4), step=1)
    expected = (0.75 * 0.75 + 0.25 * 0) * 0.75 + 0.25 * 0.5
    assert rates.of(history).tolist() == pytest.approx([expected] * 4)


def test_history_forgets_the_oldest_step(sample: Any) -> None:
    history = TrajectoryHistory(steps=2)
    for step in (1, 2, 3):
        history.add(sample([f"p{step}"], 2, seed=step), torch.ones(2), step)
    assert history.birth.tolist() == [2, 2, 3, 3]
    assert history.prompts == ["p2", "p2", "p3", "p3"]


@given(rows=st.sets(st.integers(0, 11), min_size=1))
def test_picked_rows_are_the_stored_ones(rows: set[int], sample: Any) -> None:
    history = TrajectoryHistory(steps=3)
    parts = [sample(["a", "b"], 2, seed=step) for step in range(3)]
    for step, rollouts in enumerate(parts):
        history.add(rollouts, torch.ones(4), step)
    picked = history.pick(torch.tensor(sorted(rows)))
    for at, row in enumerate(sorted(rows)):
        origin, local = parts[row // 4], row % 4
        for name in ("tokens", "mask", "logp", "truncated"):
            assert torch.equal(getattr(picked, name)[at], getattr(origin, name)[local])
        assert picked.prompts[picked.group[at]] == origin.prompts[origin.group[local]]
        assert picked.prompt_tokens[picked.group[at]] == origin.prompt_tokens[origin.group[local]]


def test_a_state_replaces_what_was_remembered(sample: Any) -> None:
    one, other = TrajectoryHistory(steps=4), TrajectoryHistory(steps=4)
    one.add(sample(["a"], 2, seed=1), torch.ones(2), step=1)
    other.add(sample(["b"], 2, seed=2), torch.zeros(2), step=2)
    other.load_state_dict(one.state_dict())
    assert other.prompts == ["a", "a"]
    assert other.birth.tolist() == [1, 1]
