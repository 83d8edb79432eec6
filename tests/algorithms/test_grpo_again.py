"""The A/A control is grpo in everything but its draws."""

from __future__ import annotations

from typing import Any

import torch

from srpo_bench.algorithms.grpo import GRPO, GRPOSettings
from srpo_bench.algorithms.grpo_again import GRPOAgain


def test_another_order_of_the_same_pool(plan: Any) -> None:
    same = plan(["math"] * 12)
    once, again = GRPO(GRPOSettings(), same), GRPOAgain(GRPOSettings(), same)
    orders = [a.choose(12, torch.Generator().manual_seed(0)) for a in (once, again)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_the_method_is_grpos() -> None:
    assert GRPOAgain.loss is GRPO.loss
    assert GRPOAgain.weigh is GRPO.weigh
    assert GRPOAgain.advantages is GRPO.advantages
