from __future__ import annotations

import torch
from hypothesis import example, given
from hypothesis import strategies as st

from srpo_bench.algorithms.advantage import (
    centred,
    group_mean,
    is_constant,
    leave_one_out,
    mute_truncated,
    normalised,
)

REWARD = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
GROUP = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])


def test_normalised_by_hand() -> None:
    # Mean 1/4, Bessel's std of (1, 0, 0, 0) is 1/2; the second group has no signal.
    expected = torch.tensor([0.75, -0.25, -0.25, -0.25, 0, 0, 0, 0]) / (0.5 + 1e-4)
    torch.testing.assert_close(normalised(REWARD, GROUP, 1e-4), expected.double())


def test_leave_one_out_by_hand() -> None:
    expected = torch.tensor([1.0, -1 / 3, -1 / 3, -1 / 3, 0, 0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(leave_one_out(REWARD, GROUP), expected)


def test_centred_by_hand() -> None:
    expected = torch.tensor([0.75, -0.25, -0.25, -0.25, 0, 0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(centred(REWARD, GROUP), expected)


def test_only_truncated_responses_are_muted() -> None:
    muted = mute_truncated(torch.tensor([1.0, -2.0]), torch.tensor([False, True]))
    assert muted.tolist() == [1.0, 0.0]


def test_a_lone_response_is_worth_nothing() -> None:
    one = torch.tensor([0.7])
    group = torch.tensor([0])
    for advantage in (normalised(one, group, 1e-4), leave_one_out(one, group), centred(one, group)):
        assert advantage.tolist() == [0.0]


def test_no_responses_no_advantages() -> None:
    empty = torch.zeros(0)
    assert normalised(empty, empty.long(), 1e-4).shape == (0,)


@given(st.floats(-10, 10, width=32), st.integers(2, 33))
@example(0.7, 7)
def test_equal_rewards_give_exactly_zero(value: float, size: int) -> None:
    # A mean of n equal float32 numbers need not be that number; the zero is exact all the same.
    reward, group = torch.full((size,), value), torch.zeros(size, dtype=torch.long)
    assert is_constant(reward, group).all()
    assert (normalised(reward, group, 1e-4) == 0).all()
    assert (leave_one_out(reward, group) == 0).all()


@example([[1.0, 0.0]])
@given(st.lists(st.lists(st.floats(-2, 2), min_size=2, max_size=6), min_size=1, max_size=5))
def test_groups_of_any_size_match_the_textbook(groups: list[list[float]]) -> None:
    reward = torch.tensor([r for g in groups for r in g], dtype=torch.float64)
    group = torch.tensor([i for i, g in enumerate(groups) for _ in g])
    shuffle = torch.randperm(len(reward), generator=torch.Generator().manual_seed(0))
    got = normalised(reward[shuffle], group[shuffle], 1e-2)
    loo = leave_one_out(reward[shuffle], group[shuffle])
    mean = group_mean(reward[shuffle], group[shuffle])
    for row, source in enumerate(shuffle.tolist()):
        own = reward[group == group[source]]
        others = (own.sum() - reward[source]) / (len(own) - 1)
        expected = (reward[source] - own.mean()) / (own.std() + 1e-2)
        torch.testing.assert_close(mean[row], own.mean())
        torch.testing.assert_close(got[row], expected, atol=1e-9, rtol=1e-7)
        torch.testing.assert_close(loo[row], reward[source] - others, atol=1e-9, rtol=1e-7)
