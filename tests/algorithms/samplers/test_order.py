from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.samplers.order import PromptOrder

SIZES = {"size": st.integers(1, 30), "n": st.integers(1, 12), "seed": st.integers(0, 5)}


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(**SIZES)
def test_an_epoch_holds_every_prompt_and_ends_between_steps(size: int, n: int, seed: int) -> None:
    pool, rng = [f"p{i}" for i in range(size)], _rng(seed)
    order = PromptOrder(pool)
    for epoch in (1, 2, 3):
        seen: Counter[str] = Counter()
        while not seen or not order.exhausted:
            batch = order.next(n, rng)
            assert len(batch) == n
            assert max(Counter(batch).values()) <= -(-n // size)  # no more often than it must be
            seen.update(batch)
        assert order.epoch == epoch
        assert set(seen) == set(pool)
        assert sum(seen.values()) == -(-size // n) * n


@given(**SIZES, cut=st.integers(0, 20))
def test_state_goes_on_from_the_middle_of_an_epoch(size: int, n: int, seed: int, cut: int) -> None:
    first, second = PromptOrder([f"p{i}" for i in range(size)]), PromptOrder(["another"])
    rng = _rng(seed)
    for _ in range(cut):
        first.next(n, rng)
    second.load_state_dict(first.state_dict())
    expected = [first.next(n, _rng(step)) for step in range(10)]
    assert [second.next(n, _rng(step)) for step in range(10)] == expected
    assert (second.epoch, second.pool) == (first.epoch, first.pool)


def test_a_state_is_a_snapshot() -> None:
    order = PromptOrder(["a", "b", "c"])
    order.next(1, _rng(0))
    state = order.state_dict()
    order.restart(["z"])
    assert state["pool"] == ["a", "b", "c"]
    assert len(state["queue"]) == 2


def test_restart_ends_the_epoch() -> None:
    order = PromptOrder(["a", "b", "c"])
    order.next(1, _rng(0))
    order.restart(["c"])
    assert order.exhausted
    assert order.next(2, _rng(0)) == ["c", "c"]
    assert order.epoch == 2


def test_epochs_are_shuffled_anew() -> None:
    order, rng = PromptOrder([str(i) for i in range(20)]), _rng(0)
    assert order.next(20, rng) != order.next(20, rng)


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="pool is empty"):
        PromptOrder([])


@given(seed=st.integers(0, 20))
def test_what_a_step_has_asked_comes_last_in_a_new_epoch(seed: int) -> None:
    order, rng = PromptOrder([f"p{i}" for i in range(6)]), _rng(seed)
    order.next(3, rng)
    last = order.next(3, rng)
    assert not set(order.next(3, rng, last)) & set(last)
    assert set(order.next(3, rng)) == set(last)


@given(seed=st.integers(0, 20))
def test_what_a_step_has_asked_fills_an_epochs_last_batch_last(seed: int) -> None:
    order, rng = PromptOrder([f"p{i}" for i in range(6)]), _rng(seed)
    order.next(2, rng)
    asked = order.next(3, rng)
    assert not set(order.next(3, rng, asked)) & set(asked)
