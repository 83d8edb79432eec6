"""Objectives as pure functions: ratios, clipping, KL estimators, aggregation.

Shapes: b rows of a micro-batch, T response tokens right-padded. ``mask`` is (b, T) bool and padding
never reaches a result or a gradient, whatever stands in it. Log-probabilities are in nats.
"""

from __future__ import annotations

import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Totals

MAX_LOG_RATIO = 40.0
"""Beyond exp(±40) a ratio is overflow, not policy: log-ratios are clamped there, so that one broken
token cannot make the gradient of a whole update inf or NaN. TRL does not clamp; verl does at 20."""


def log_ratio(logp: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """log(π / other) per token, (b, T); 0 on padding."""
    # Padding is cleared before anything is exponentiated: afterwards 0 · inf would be NaN.
    return torch.where(mask, logp - other, 0.0).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)


def token_ratio(logp: Tensor, old_logp: Tensor, mask: Tensor) -> Tensor:
    """ρ = π(o_t) / μ(o_t), one for each token, (b, T)."""
    return log_ratio(logp, old_logp, mask).exp()


def sequence_ratio(logp: Tensor, old_logp: Tensor, mask: Tensor) -> Tensor:
    """GSPO's ρ_i = exp(mean_t log-ratio), one for the whole response, repeated to (b, T)."""
    total = log_ratio(logp, old_logp, mask).sum(dim=1)
    mean = total / mask.sum(dim=1).clamp(min=1)
    return mean.exp().unsqueeze(1).expand_as(logp)


def clipped_surrogate(ratio: Tensor, advantage: Tensor, low: float, high: float) -> Tensor:
    """−min(ρA, clip(ρ, 1 − low, 1 + high) A), (b, T); advantage (b,). PPO, arXiv 1707.06347."""
    a = advantage.unsqueeze(1)
    return -torch.min(ratio * a, ratio.clamp(1 - low, 1 + high) * a)


def clipped_weight(
    ratio: Tensor, advantage: Tensor, logp: Tensor, mask: Tensor, low: float, high: float
) -> Tensor:
    """CISPO: −sg(clip(ρ, 1 − low, 1 + high)) A log π, (b, T): every token keeps its gradient."""
    weight = ratio.clamp(1 - low, 1 + high).detach()
    return -weight * advantage.unsqueeze(1) * torch.where(mask, logp, 0.0)


def outside_clip(ratio: Tensor, advantage: Tensor, low: float, high: float) -> Tensor:
    """(b, T) bool: tokens whose ratio has left the clip range on the side the advantage pushes."""
    a = advantage.unsqueeze(1)
    return ((ratio < 1 - low) & (a < 0)) | ((ratio > 1 + high) & (a > 0))


def kl_k3(logp: Tensor, ref_logp: Tensor, mask: Tensor) -> Tensor:
    """ref/π − log(ref/π) − 1, per token (b, T): GRPO's estimator of KL(π ‖ ref) from samples of π.

    It is unbiased and never negative: k3 of Schulman, "Approximating KL Divergence", 2020,
    http://joschu.net/blog/kl-approx.html.
    """
    inverse = -log_ratio(logp, ref_logp, mask)
    return inverse.exp() - inverse - 1


# Aggregations of a (b, T) quantity to a scalar. ``weight`` (b,) is each response's share, mostly 1;
# ``totals`` are the whole update's denominators, so that results add up over micro-batches.


def sequence_mean(x: Tensor, mask: Tensor, weight: Tensor, totals: Totals) -> Tensor:
    """Σ_i w_i (1/|o_i|) Σ_t x / Σ_i w_i: the mean of each response, then over responses (GRPO)."""
    per_response = torch.where(mask, x, 0.0).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return _divide((weight * per_response).sum(), totals.responses)


def token_mean(x: Tensor, mask: Tensor, weight: Tensor, totals: Totals) -> Tensor:
    """Σ_i w_i Σ_t x / Σ_i w_i |o_i|: every token counts the same (DAPO, SRPO)."""
    return _divide((weight * torch.where(mask, x, 0.0).sum(dim=1)).sum(), totals.tokens)


def limit_mean(x: Tensor, mask: Tensor, weight: Tensor, totals: Totals) -> Tensor:
    """Σ_i w_i Σ_t x / (Σ_i w_i · length limit): a constant for a length (Dr. GRPO)."""
    total = (weight * torch.where(mask, x, 0.0).sum(dim=1)).sum()
    return _divide(total, totals.responses * totals.max_tokens)


def _divide(total: Tensor, denominator: float) -> Tensor:
    # A denominator of 0 means that nothing is trained on; the total is 0 too and stays it.
    return total / (denominator or 1.0)
