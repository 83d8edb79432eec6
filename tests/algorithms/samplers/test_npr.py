"""No positive resampling by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.algorithms.pair import Pair, make_sampler
from tests.algorithms.samplers.world import outcomes, prompts

RIGHT = ({"math-0": 9, "math-1": 10, "math-2": 0}, {"math-0": 10, "math-1": 7, "math-2": 10})
"""Of ten responses, in two epochs of one step. Over both: 19, 17 and 10 of 20."""


def _pools(plan: Any, sample: Any, **settings: Any) -> list[set[str]]:
    """Who is in, before each epoch and after the last; every epoch shows the same three prompts."""
    sampler = make_sampler("npr", plan(["math"] * 3, prompts_per_step=3, group_size=10), **settings)
    pools, rng = [], torch.Generator().manual_seed(0)
    for step, right in enumerate(RIGHT, 1):
        sampler.choose(step, 3, rng)
        pools.append(set(sampler.order.pool))
        sampler.observe(*outcomes(sample, right, 10))
    sampler.choose(3, 3, rng)
    return [*pools, set(sampler.order.pool)]


@pytest.mark.parametrize(
    ("settings", "after_one", "after_two"),
    [
        ({}, {"math-2"}, {"math-1", "math-2"}),  # 0.9, 1, 0; then 0.95, 0.85, 0.5
        ({"threshold": 1.0}, {"math-0", "math-2"}, {"math-0", "math-1", "math-2"}),
        ({"rate": "last"}, {"math-2"}, {"math-1"}),  # then 1, 0.7, 1
        ({"min_steps": 2}, {"math-0", "math-1", "math-2"}, {"math-1", "math-2"}),
    ],
)
def test_who_has_reached_the_threshold_leaves(
    settings: dict[str, Any], after_one: set[str], after_two: set[str], plan: Any, sample: Any
) -> None:
    pools = _pools(plan, sample, **settings)
    assert pools == [{"math-0", "math-1", "math-2"}, after_one, after_two]


@pytest.mark.parametrize(("right", "n"), [(11, 20), (7, 100), (14, 25), (17, 50)])
def test_a_rate_that_is_the_threshold_has_reached_it(
    right: int, n: int, plan: Any, sample: Any
) -> None:
    """0.55 · 20 rounds to more than 11."""
    info = plan(["math"] * 2, prompts_per_step=2, group_size=n)
    sampler = make_sampler("npr", info, threshold=right / n)
    sampler.choose(1, 2, torch.Generator())
    sampler.observe(*outcomes(sample, {"math-0": right, "math-1": right - 1}, n))
    sampler.choose(2, 2, torch.Generator())
    assert sampler.order.pool == ["math-1"]
    assert sampler.metrics() == {"dropped": 1, "pool_readmitted": 0}


def test_where_nobody_is_left_all_return_and_are_counted(plan: Any, sample: Any) -> None:
    arm = Pair.make("grpo-token+npr", plan(["math"] * 2, prompts_per_step=2))
    rng = torch.Generator()
    for step in (1, 2):
        assert sorted(prompts(arm.sampler.choose(step, 2, rng))) == ["math-0", "math-1"]
        arm.sampler.observe(*outcomes(sample, {"math-0": 4, "math-1": 4}, 4))
    for each in (arm, arm.resumed()):
        assert each.sampler.metrics() == {"dropped": 0, "pool_readmitted": 1}


def test_groups_of_one_prompt_count_together(plan: Any, sample: Any) -> None:
    sampler = make_sampler("npr", plan(["math"] * 2, prompts_per_step=2), threshold=0.75)
    sampler.choose(1, 2, torch.Generator())
    rollouts, grades = outcomes(sample, {"math-0": 4, "math-1": 2}, 4)
    rollouts.prompts = ["math-0", "math-0"]  # 6 of 8
    sampler.observe(rollouts, grades)
    sampler.choose(2, 2, torch.Generator())
    assert sampler.order.pool == ["math-1"]


def test_what_is_remembered_of_a_prompt(plan: Any, sample: Any) -> None:
    for rate, second in (("history", [4, 8, 2]), ("last", [1, 4, 2])):
        sampler = make_sampler("npr", plan(["math"] * 2, prompts_per_step=1), rate=rate)
        sampler.observe(*outcomes(sample, {"math-0": 3}, 4))
        assert sampler._seen == {"math-0": [3, 4, 1]}
        sampler.observe(*outcomes(sample, {"math-0": 1}, 4))
        assert sampler._seen == {"math-0": second}
