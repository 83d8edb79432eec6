"""A stream depends on its three arguments, and on nothing else."""

from __future__ import annotations

import torch

from srpo_bench.harness.streams import stream


def draw(*args: object) -> list[float]:
    return torch.rand(4, generator=stream(*args)).tolist()  # type: ignore[arg-type]


def test_equal_arguments_give_equal_draws_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    first = draw(7, "sampling", 3)
    torch.manual_seed(2)
    assert draw(7, "sampling", 3) == first


def test_each_argument_matters() -> None:
    draws = [
        draw(7, "sampling", 3),
        draw(8, "sampling", 3),
        draw(7, "order", 3),
        draw(7, "sampling", 4),
    ]
    assert len({tuple(d) for d in draws}) == 4
