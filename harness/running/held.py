"""The numbers that methods hold between two steps, and which of them a stop loses.

A count that matters from the hundredth step on changes nothing in a short trial; that it was lost
shows in the instance all the same. A number that every step sets anew is back after a step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

Held = dict[str, bool | int | float | Tensor]


def held(*methods: Any) -> Held:
    """Numbers and tensors among the attributes of algorithms and samplers, by their full names."""
    return {
        f"{type(method).__name__}.{name}": value.detach().clone()
        if torch.is_tensor(value)
        else value
        for method in methods
        for name, value in vars(method).items()
        if isinstance(value, bool | int | float | Tensor)
    }


def lost(whole: Held, resumed: Held) -> str:
    """The first number that a resumed run has another value of; empty where there is none."""
    for name, value in whole.items():
        other = resumed.get(name)
        if other is None or not _same(value, other):
            numbers = not torch.is_tensor(value) and other is not None
            return f"{name} is {other:.4g} instead of {value:.4g}" if numbers else f"{name} differs"
    return ""


def _same(value: bool | float | Tensor, other: bool | float | Tensor) -> bool:
    a, b = torch.as_tensor(value), torch.as_tensor(other)
    if a.shape != b.shape:
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())
