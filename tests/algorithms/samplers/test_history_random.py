"""The control's pool follows the share solved, whoever stays in the draw."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Grades
from tests.algorithms.pair import make_sampler
from tests.algorithms.samplers.world import prompts

N = 40


def _run(solved_by: list[set[str]], plan: Any, sample: Any) -> Any:
    """Epoch after epoch in which exactly these prompts are answered only correctly; yields each
    epoch's pool and the share of it that was solved."""
    sampler = make_sampler("history-random", plan(["math"] * N, prompts_per_step=8))
    step, rng = 0, torch.Generator().manual_seed(1)
    for solved in solved_by:
        pool: list[str] = []
        while not pool or not sampler.order.exhausted:
            step += 1
            chosen = prompts(sampler.choose(step, 8, rng))
            pool = sampler.order.pool
            rollouts = sample(chosen, 2, seed=step)
            correct = torch.tensor([float(p in solved) for p in chosen]).repeat_interleave(2)
            sampler.observe(rollouts, Grades(correct, correct))
        assert sampler.metrics() == {"dropped": N - len(pool)}
        yield pool, len(solved & set(pool)) / len(pool)


@given(shares=st.lists(st.integers(0, N), min_size=2, max_size=6))
def test_each_pool_is_n_times_the_share_left_over_a_growing_share_of_solved_prompts(
    shares: list[int], plan: Any, sample: Any
) -> None:
    """Solved prompts that stay in the draw do not shrink the pool again: the size is that of the
    share, epoch after epoch, and does not run away."""
    ids = [f"math-{i}" for i in range(N)]
    size = N
    for pool, share in _run([set(ids[:n]) for n in sorted(shares)], plan, sample):
        assert len(pool) == size
        assert len(set(pool)) == size
        size = round(N * (1 - share)) or N


def test_a_constant_share_keeps_the_pool_near_its_size(plan: Any, sample: Any) -> None:
    half = {f"math-{i}" for i in range(0, N, 2)}
    sizes = [len(pool) for pool, _ in _run([half] * 12, plan, sample)]
    assert sizes[0] == N
    assert all(10 <= size <= 30 for size in sizes[1:])  # as many dropped anew would leave nobody
    pools = [set(pool) for pool, _ in _run([half] * 12, plan, sample)]
    assert all(pool & half for pool in pools)
    assert pools[3] != pools[4]


def test_where_all_are_solved_all_return(plan: Any, sample: Any) -> None:
    everybody = {f"math-{i}" for i in range(N)}
    assert [len(pool) for pool, _ in _run([everybody] * 3, plan, sample)] == [N] * 3


def test_a_single_prompt_can_be_left(plan: Any, sample: Any) -> None:
    """Three of four are solved."""
    sampler = make_sampler("history-random", plan(["math"] * 4, prompts_per_step=4))
    rng = torch.Generator().manual_seed(0)
    rollouts = sample(prompts(sampler.choose(1, 4, rng)), 2, seed=0)
    correct = (rollouts.group > 0).float()
    sampler.observe(rollouts, Grades(correct, correct))
    assert len(set(prompts(sampler.choose(2, 2, rng)))) == 1
    assert sampler.pool_size == 1
    assert sampler.metrics() == {"dropped": 3}
