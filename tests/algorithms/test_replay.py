from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from srpo_bench.algorithms.replay import (
    draw_order,
    drift,
    hindsight_advantage,
    importance_weight,
    take,
    trajectory_score,
)

PRIORITY = torch.tensor([0.0, 1.0, 2.0, 5.0, 0.0, 2.0])


def _rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_response_is_worth_more_the_rarer_success_is() -> None:
    rate = torch.tensor([0.5, 0.1, 0.9, 0.5])
    worth = hindsight_advantage(torch.tensor([1.0, 1.0, 1.0, 0.0]), rate, eps=0.0)
    torch.testing.assert_close(worth, torch.tensor([1.0, 3.0, 1 / 3, -1.0]))


def test_score_halves_with_age_and_is_never_negative() -> None:
    score = trajectory_score(torch.tensor([2.0, 2.0, -2.0]), torch.tensor([0, 4, 0]), half_life=4.0)
    assert score.tolist() == [2.0, 1.0, 0.0]


@given(seed=st.integers(0, 100))
def test_every_positive_priority_is_drawn_once_and_no_other(seed: int) -> None:
    order = draw_order(PRIORITY, _rng(seed))
    assert sorted(order.tolist()) == [1, 2, 3, 5]


def test_draws_without_replacement_have_the_stated_probabilities() -> None:
    n, rng = 20_000, _rng()
    orders = torch.stack([draw_order(PRIORITY, rng) for _ in range(n)])
    first = torch.bincount(orders[:, 0], minlength=6) / n
    # Five standard errors of a frequency over n draws.
    slack = 5 * math.sqrt(0.25 / n)
    torch.testing.assert_close(first, PRIORITY / 10, atol=slack, rtol=0)
    second = torch.bincount(orders[orders[:, 0] == 3, 1], minlength=6) / (orders[:, 0] == 3).sum()
    expected = torch.tensor([0, 1, 2, 0, 0, 2]) / 5
    torch.testing.assert_close(second, expected, atol=slack * math.sqrt(2), rtol=0)


def test_skipping_the_rejected_is_having_given_them_priority_zero() -> None:
    n, rng = 5_000, _rng(1)
    ok = torch.tensor([True, True, True, False, True, True])
    taken = torch.cat(
        [take(draw_order(PRIORITY, rng), 1, lambda rows: ok[rows])[0] for _ in range(n)]
    )
    expected = torch.tensor([0, 1, 2, 0, 0, 2]) / 5
    frequency = torch.bincount(taken, minlength=6) / n
    torch.testing.assert_close(frequency, expected, atol=5 * math.sqrt(0.25 / n), rtol=0)


def test_fully_corrected_replay_is_unbiased() -> None:
    # One draw with P ∝ priority, weighed by w ∝ 1/P: the mean of anything over all candidates.
    priority = PRIORITY[PRIORITY > 0]
    values = torch.tensor([3.0, -1.0, 10.0, 0.5])
    n, rng = 20_000, _rng(2)
    weight = importance_weight(priority, beta=1.0)
    drawn = torch.stack([draw_order(priority, rng)[0] for _ in range(n)])
    estimate = (weight[drawn] * values[drawn]).sum() / weight[drawn].sum()
    assert estimate.item() == pytest.approx(values.mean().item(), abs=0.15)
    # And exactly, in expectation over P.
    p = priority / priority.sum()
    exact = (p * weight * values).sum() / (p * weight).sum()
    torch.testing.assert_close(exact, values.mean())


@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_weights_are_schauls(priorities: list[float], beta: float) -> None:
    priority = torch.tensor(priorities, dtype=torch.float64)
    p = priority / priority.sum()
    schaul = (len(p) * p) ** -beta
    weight = importance_weight(priority, beta)
    torch.testing.assert_close(weight, schaul / schaul.max())
    assert weight.max() == 1


@given(
    size=st.integers(0, 60),
    share=st.sampled_from([0.1, 0.5, 0.9]),
    wanted=st.integers(1, 40),
    seed=st.integers(0, 100),
)
def test_take_is_the_head_of_the_accepted(size: int, share: float, wanted: int, seed: int) -> None:
    rng, seen = _rng(seed), []
    order, ok = torch.randperm(size, generator=rng), torch.rand(size, generator=rng) < share

    def accepts(rows: Tensor) -> Tensor:
        assert torch.equal(rows, rows.sort().values)
        seen.extend(rows.tolist())
        return ok[rows]

    rows, asked = take(order, wanted, accepts)
    expected = [row for row in order.tolist() if ok[row]][:wanted]
    assert rows.tolist() == sorted(expected)
    assert asked == len(seen) == len(set(seen))
    assert set(expected) <= set(seen)


def test_drift_is_the_mean_over_a_responses_own_tokens(sample: Any) -> None:
    rollouts = sample(["a", "b"], 2, seed=0)
    shift = torch.tensor([0.0, 0.1, -0.2, 0.3]).unsqueeze(1)
    moved = (rollouts.logp + shift).masked_fill(~rollouts.mask, float("nan"))
    torch.testing.assert_close(drift(moved, rollouts), shift.abs().squeeze(1))
    rollouts.mask[0] = False
    assert drift(moved, rollouts)[0] == 0


def test_what_is_always_right_is_worth_nothing_and_divides_by_no_zero() -> None:
    """a = (r − p̂) / √(p̂ (1 − p̂) + eps)."""
    worth = hindsight_advantage(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 1.0, 0.5]), 0.25)
    torch.testing.assert_close(worth, torch.tensor([0.0, -2.0, 0.5 / 0.5**0.5]))


def test_of_equal_draws_the_earlier_one_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "exponential_", lambda self, generator: self.fill_(1.0))
    assert draw_order(torch.ones(200), _rng()).tolist() == list(range(200))


def test_rows_are_asked_about_in_quarters_of_what_is_wanted() -> None:
    """Of eight wanted the first eight are asked, all but one accepted, then two at a time."""
    asked: list[list[int]] = []

    def accepts(rows: Tensor) -> Tensor:
        asked.append(rows.tolist())
        return (rows != 3) & (rows < 8)

    rows, tried = take(torch.arange(13), 8, accepts)
    assert asked == [list(range(8)), [8, 9], [10, 11], [12]]
    assert (rows.tolist(), tried) == ([0, 1, 2, 4, 5, 6, 7], 13)
    rows, tried = take(torch.arange(13), 8, lambda rows: rows != 3)  # of the next two, one
    assert (rows.tolist(), tried) == ([0, 1, 2, 4, 5, 6, 7, 8], 10)
