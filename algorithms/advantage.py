"""Advantages as pure functions of rewards and groups.

``reward`` is (B,) float, ``group`` (B,) long: rows with the same number answer the same prompt.
Every result is (B,). A group whose rewards are all equal gets exactly 0, not a rounding error, so
that it can be recognised (and its forward pass skipped).
"""

from __future__ import annotations

import torch
from torch import Tensor


def group_sum(x: Tensor, group: Tensor) -> Tensor:
    """Each row's group total of ``x``."""
    groups = int(group.max()) + 1 if len(group) else 0
    return x.new_zeros(groups).index_add_(0, group, x)[group]


def group_mean(x: Tensor, group: Tensor) -> Tensor:
    """Each row's group mean of ``x``."""
    return group_sum(x, group) / group_sum(torch.ones_like(x), group)


def is_constant(x: Tensor, group: Tensor) -> Tensor:
    """(B,) bool: True in groups whose values are all the same."""
    groups = int(group.max()) + 1 if len(group) else 0
    low = x.new_full((groups,), torch.inf).scatter_reduce_(0, group, x, "amin")
    high = x.new_full((groups,), -torch.inf).scatter_reduce_(0, group, x, "amax")
    return (low == high)[group]


def centred(reward: Tensor, group: Tensor) -> Tensor:
    """r − mean of the group (Dr. GRPO, arXiv 2503.20783)."""
    return (reward - group_mean(reward, group)).masked_fill(is_constant(reward, group), 0.0)


def normalised(reward: Tensor, group: Tensor, eps: float) -> Tensor:
    """(r − mean) / (std + eps), std with Bessel's correction (GRPO, arXiv 2402.03300)."""
    deviation = centred(reward, group)
    return deviation / (
        (group_sum(deviation.square(), group) / _others(reward, group)).sqrt() + eps
    )


def leave_one_out(reward: Tensor, group: Tensor) -> Tensor:
    """r − mean of the *others* = G/(G−1) · (r − mean) (RLOO, arXiv 2402.14740)."""
    others = _others(reward, group)
    return centred(reward, group) * (others + 1) / others


def mute_truncated(advantage: Tensor, truncated: Tensor) -> Tensor:
    """SRPO's overlong rule: a response cut at the length limit is worth 0.

    Its tokens stay in the denominator, which is not the same as leaving the response out.
    """
    return advantage.masked_fill(truncated, 0.0)


def _others(x: Tensor, group: Tensor) -> Tensor:
    # G − 1, and 1 for a lone response, whose centred reward is 0 anyway.
    return (group_sum(torch.ones_like(x), group) - 1).clamp(min=1)
