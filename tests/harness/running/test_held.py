"""What a stop loses of the numbers that a method holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness.running.held import held, lost


def test_numbers_and_tensors_are_held_and_nothing_else() -> None:
    mean = torch.tensor([1.0])
    found = held(SimpleNamespace(n=3, on=True, mean=mean, name="x", seen={1}, rate=0.5))
    assert list(found) == [f"SimpleNamespace.{name}" for name in ("n", "on", "mean", "rate")]
    mean += 1
    assert found["SimpleNamespace.mean"] == torch.tensor([1.0])


@pytest.mark.parametrize(
    ("whole", "resumed", "said"),
    [
        (3, 3, ""),
        (float("nan"), float("nan"), ""),
        (3, 1, "SimpleNamespace.x is 1 instead of 3"),
        (0.5, float("nan"), "SimpleNamespace.x is nan instead of 0.5"),
        (True, False, "SimpleNamespace.x is 0 instead of 1"),
        (torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]), ""),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), "SimpleNamespace.x differs"),
        (torch.ones(2), torch.ones(1), "SimpleNamespace.x differs"),
        (3, torch.tensor(3), ""),
        (3, None, "SimpleNamespace.x differs"),
        (2**70, 2**70, ""),
        (2**53 + 1, 2**53, f"SimpleNamespace.x is {2**53} instead of {2**53 + 1}"),
        (10**400, 1, f"SimpleNamespace.x is 1 instead of {10**400}"),
        (1.0, torch.zeros(3), "SimpleNamespace.x differs"),
        (1.0, torch.tensor(2.0), "SimpleNamespace.x differs"),
    ],
)
def test_what_differs_is_lost(whole: Any, resumed: Any, said: str) -> None:
    before, after = (held(SimpleNamespace(y=0, x=x)) for x in (whole, resumed))
    assert lost(before, after) == said
    assert lost({}, before) == ""
