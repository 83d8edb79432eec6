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
            numbers = isinstance(value, int | float) and isinstance(other, int | float)
            return f"{name} is {_shown(other, value)}" if numbers else f"{name} differs"
    return ""


def _same(value: bool | float | Tensor, other: bool | float | Tensor) -> bool:
    if getattr(value, "shape", ()) != getattr(other, "shape", ()):
        return False
    same = (value == other) | ((value != value) & (other != other))
    return bool(same.all()) if isinstance(same, Tensor) else bool(same)


def _shown(other: Any, value: Any) -> str:
    """Two numbers in four digits; in all of theirs where those are the same, or too many."""
    try:
        short, wanted = f"{other:.4g}", f"{value:.4g}"
    except OverflowError:
        short = wanted = ""
    return f"{short} instead of {wanted}" if short != wanted else f"{other} instead of {value}"
