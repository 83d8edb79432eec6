"""Prioritised replay as pure functions: a response's score, the order of drawing, the correction.

Shapes: N remembered responses, n of them drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts


def hindsight_advantage(accuracy: Tensor, rate: Tensor, eps: float) -> Tensor:
    """a_i = (r_i − p̂) / sqrt(p̂ (1 − p̂) + eps), (N,): what a response is worth *now*.

    ``accuracy`` is 0 or 1, ``rate`` the current p̂ of its prompt: a Bernoulli's standard score.
    """
    return (accuracy - rate) / (rate * (1 - rate) + eps).sqrt()


def trajectory_score(advantage: Tensor, age: Tensor, half_life: float) -> Tensor:
    """s_i = max(a_i, 0) · 2^(−age_i / half_life), (N,); age in steps."""
    return advantage.clamp(min=0) * torch.exp2(-age / half_life)


def draw_order(priority: Tensor, rng: torch.Generator) -> Tensor:
    """Long indices of all positive priorities (N,), in the order of drawing without replacement.

    The next one is always i with probability priority_i / Σ of those left (an exponential race,
    which is the Gumbel-top-k trick without its logarithm). Skipping some on the way down is
    therefore the same as having given them priority 0.
    """
    candidates = priority.nonzero().squeeze(1)
    finish = torch.empty(len(candidates)).exponential_(generator=rng) / priority[candidates]
    return candidates[finish.argsort(stable=True)]


def take(order: Tensor, wanted: int, accepts: Callable[[Tensor], Tensor]) -> tuple[Tensor, int]:
    """The first ``wanted`` rows of an order that are accepted, or as many as there are.

    Args:
        order: (N,) long.
        wanted: at least 1.
        accepts: (n,) bool for n rows given in ascending order; costly, so asked in chunks.

    Returns:
        The rows, ascending, and how many were asked about.
    """
    taken = order[:0]
    tried = 0
    while len(taken) < wanted and tried < len(order):
        missing = wanted - len(taken)
        chunk = order[tried : tried + max(missing, wanted // 4)]
        ascending = chunk.sort().values
        accepted = chunk[torch.isin(chunk, ascending[accepts(ascending)])]
        taken = torch.cat([taken, accepted[:missing]])
        tried += len(chunk)
    return taken.sort().values, tried


def importance_weight(priority: Tensor, beta: float) -> Tensor:
    """w_i = (N P(i))^−β / max_j w_j over the drawn, (n,): Schaul et al., arXiv 1511.05952.

    N and the normaliser of P cancel, so the priorities P is proportional to are enough.
    """
    return (priority.min() / priority) ** beta


def drift(logp: Tensor, rollouts: Rollouts) -> Tensor:
    """mean_t |log π − log μ|, (B,) nats: how far the policy has left these responses behind."""
    gap = torch.where(rollouts.mask, logp - rollouts.logp, 0.0).abs()
    return gap.sum(dim=1) / rollouts.lengths.clamp(min=1)
