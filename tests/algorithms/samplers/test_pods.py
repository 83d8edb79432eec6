"""PODS against every subset."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.samplers.pods import most_varied
from tests.algorithms.pair import Pair
from tests.algorithms.samplers.world import by_rule


@given(
    rewards=st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.1]), min_size=2, max_size=8),
    m=st.integers(1, 8),
)
def test_no_subset_has_a_larger_variance(rewards: list[float], m: int) -> None:
    m = min(m, len(rewards))
    reward = torch.tensor(rewards)
    rows = most_varied(reward, m)
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert len(rows) == m
    best = max(
        reward[list(subset)].double().var(correction=0).item()
        for subset in combinations(range(len(rewards)), m)
    )
    assert reward[rows].double().var(correction=0).item() == pytest.approx(best, abs=1e-9)


def test_by_hand() -> None:
    """Of 0, 1, 1, 0, 1, 1, 1, 1 four: both zeros and the last two ones."""
    assert most_varied(torch.tensor([0.0, 1, 1, 0, 1, 1, 1, 1]), 4).tolist() == [0, 3, 6, 7]
    assert most_varied(torch.tensor([0.2, 0.9, 0.5, 0.4]), 2).tolist() == [0, 1]
    assert most_varied(torch.tensor([0.0, 0.5, 1.0, 1.1]), 3).tolist() == [0, 2, 3]


def test_a_group_of_many_is_trained_on_as_one_of_the_comparisons_size(
    plan: Any, sample: Any
) -> None:
    arm = Pair.make("pods", plan(["math"] * 8, prompts_per_step=4, group_size=4))
    kept, whole = arm.observe(1, by_rule(sample, lambda prompt, size: 3))  # 3 of 16 are right
    assert len(whole) == 4 * 16
    assert kept.rollouts.group.bincount().tolist() == [4] * 4
    assert kept.grades.reward.view(4, 4).sum(1).tolist() == [2.0] * 4
    batch = arm.algorithm.weigh(kept.rollouts, kept.grades, lambda r: r.logp, torch.Generator())
    expected = (kept.grades.reward - 0.5) / (kept.grades.reward[:4].std() + 1e-4)
    expected = expected.masked_fill(kept.rollouts.truncated, 0.0)
    torch.testing.assert_close(batch.advantage, expected)


def test_rewards_alike_are_taken_in_their_order() -> None:
    """Many of them: a sort of few is stable anyway."""
    assert most_varied(torch.tensor([0.0, 1.0] * 50), 4).tolist() == [0, 2, 97, 99]


@pytest.mark.parametrize(("apart", "rows"), [(1e-12, [1, 2]), (3e-12, [0, 2])])
def test_variances_that_differ_by_rounding_are_equal(apart: float, rows: list[int]) -> None:
    """Of 0, a little and 1: the pair without the 0 varies by half of that less."""
    assert most_varied(torch.tensor([0.0, apart, 1.0], dtype=torch.float64), 2).tolist() == rows


def test_rewards_of_single_precision_are_not_summed_in_it() -> None:
    """No reward varies alone, so none of them is small: the last."""
    assert most_varied(torch.tensor([0.0, 0.1, 0.5]), 1).tolist() == [2]
