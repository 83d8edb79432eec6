"""Importance correction: what to do when the engine does not sample from the learner's policy.

With weights that are out of sync, other kernels or another precision, responses come from μ_e while
the learner, on the same tokens before its update, finds π_old. The importance ratio then falls into
two parts, π/μ_e = (π/π_old) · (π_old/μ_e). An algorithm clips the first as ever; the second is a
constant weight on the objective of a token, w_t, or of a whole response, w_i = Π_t w_t, bounded:

    token-truncated      min(w_t, C): truncated importance sampling (TIS), Yao et al. 2025, "Your
                         Efficient RL Framework Secretly Brings You Off-Policy RL Training"
    token-masked         w_t, or 0 outside [c, C]: IcePop, Ling Team 2025, which takes [0.5, 5]
    sequence-truncated   min(w_i, C)
    sequence-masked      w_i, or 0 outside [c, C]: Liu et al. 2025, "When Speed Kills Stability"

These are TRL 1.16's four modes of ``vllm_importance_sampling_mode``, number for number, and C = 3
its default. A masked token stays in the denominators, and the KL term is left as it is.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from srpo_bench.algorithms.surrogate import log_ratio

Correction = Literal[
    "none", "token-truncated", "token-masked", "sequence-truncated", "sequence-masked"
]


def importance(learner: Tensor, engine: Tensor, mask: Tensor, kind: Correction) -> Tensor:
    """π_old/μ_e of each token, (B, T), or at sequence level the product, repeated to (B, T)."""
    log_weight = log_ratio(learner, engine, mask)
    if kind.startswith("sequence"):
        log_weight = log_weight.sum(dim=1, keepdim=True).expand_as(log_weight)
    return log_weight.exp()


def outside(importance: Tensor, cap: float, floor: float) -> Tensor:
    """(B, T) bool: weights beyond the bounds, which are truncated or masked."""
    return (importance < floor) | (importance > cap)


def weights(
    learner: Tensor, engine: Tensor, mask: Tensor, kind: Correction, cap: float, floor: float
) -> Tensor:
    """What each token's objective is multiplied by, (B, T).

    Args:
        learner: (B, T) nats, log π_old.
        engine: (B, T) nats, log μ_e of the same tokens.
        mask: (B, T) bool.
        kind: one of the four; "none" gives ones.
        cap: C, the largest weight.
        floor: c, the smallest; 0 bounds nothing.
    """
    if kind == "none":
        return torch.ones_like(learner)
    weight = importance(learner, engine, mask, kind)
    if kind.endswith("masked"):
        return weight.masked_fill(outside(weight, cap, floor), 0.0)
    return weight.clamp(floor, cap)
