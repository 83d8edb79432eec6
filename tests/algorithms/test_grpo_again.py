"""The A/A control is grpo in everything but its draws."""

from __future__ import annotations

from typing import Any

import torch

from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.algorithms.grpo_again import GRPOAgain
from tests.algorithms.pair import Pair


def test_another_order_of_the_same_pool(plan: Any) -> None:
    arms = [Pair.make(name, plan(["math"] * 12)) for name in ("grpo", "grpo-again")]
    orders = [
        [group.prompt for group in arm.sampler.choose(1, 12, torch.Generator().manual_seed(0))]
        for arm in arms
    ]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_the_method_is_grpos() -> None:
    assert GRPOAgain.loss is GRPO.loss
    assert GRPOAgain.weigh is GRPO.weigh
    assert GRPOAgain.advantages is GRPO.advantages
