"""The sampling distribution: logits with temperature and nucleus applied, drawn from and read."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ONE = 2**52
"""Probability 1 as a whole number."""

SUMMED_AT_ONCE = 2**26
"""Probabilities that are summed at once: 512 MiB as 64-bit numbers."""


def sampling_logp(logits: Tensor, tokens: Tensor, temperature: float, top_p: float) -> Tensor:
    """(…) nats: log-prob of ``tokens`` (…) under the distribution that ``logits`` (…, V) sample
    from at this temperature and nucleus. The token itself always counts as in the nucleus, so that
    the value stays finite after the policy has moved."""
    scaled = logits if temperature == 1 else logits / temperature
    if top_p == 1:
        return -F.cross_entropy(scaled.movedim(-1, 1), tokens, reduction="none")
    picked = scaled.gather(-1, tokens[..., None]).squeeze(-1)
    keep = nucleus(scaled, top_p).scatter(-1, tokens[..., None], True)
    scaled = scaled.masked_fill(~keep, float("-inf"))
    return picked - scaled.logsumexp(-1)


def entropy(logits: Tensor, temperature: float) -> Tensor:
    """(…) nats: −Σ p log p of the whole vocabulary at this temperature; a nucleus is left out."""
    logp = (logits / temperature).log_softmax(-1)
    return -(logp.exp() * logp).sum(-1)


def nucleus(scaled: Tensor, top_p: float) -> Tensor:
    """(…, V) bool: the smallest set of tokens whose probability reaches ``top_p``
    (Holtzman et al. 2020, arXiv 1904.09751)."""
    probs, order = scaled.detach().softmax(-1).sort(dim=-1, descending=True, stable=True)
    if probs.device.type == "cuda":
        weights = fixed_point(probs)
        keep = weights.cumsum(-1) - weights < top_p * ONE
    else:
        keep = probs.cumsum(-1) - probs < top_p
    return torch.zeros_like(keep).scatter(-1, order, keep)


def sample(
    logits: Tensor, uniform: Tensor, temperature: float, top_p: float
) -> tuple[Tensor, Tensor]:
    """Draw one token a row by inverting the distribution function at a given uniform number; at
    temperature 0 take the likeliest.

    Args:
        logits: (b, V).   uniform: (b,) in [0, 1).

    Returns:
        token (b,) long and its log-prob (b,) in nats under the distribution sampled from.
    """
    if temperature == 0:
        return logits.argmax(-1), torch.zeros(len(logits), device=logits.device)
    scaled = logits if temperature == 1 else logits / temperature
    if top_p < 1:
        scaled = scaled.masked_fill(~nucleus(scaled, top_p), float("-inf"))
    logp = scaled.log_softmax(-1)
    if logp.device.type == "cuda":
        token = invert_exactly(logp.exp(), uniform.to(logp.device))
    else:
        token = invert(logp.cpu(), uniform.cpu()).to(logits.device)  # mps has no float64
    return token, logp.gather(-1, token[:, None]).squeeze(1)


def invert(logp: Tensor, uniform: Tensor) -> Tensor:
    """(b,) long: the first token at which the distribution function of ``logp`` (b, V) passes
    ``uniform`` (b,) of its total, in float64."""
    cdf = logp.double().exp().cumsum(-1)
    level = uniform.double() * cdf[:, -1]
    token = torch.searchsorted(cdf, level[:, None], right=True).squeeze(1)
    return token.clamp(max=logp.shape[-1] - 1)


def invert_exactly(probs: Tensor, uniform: Tensor) -> Tensor:
    """``invert`` by whole numbers, for cuda, whose running sums of floats are not deterministic:
    whole numbers have one sum in whatever order they are added. probs: (b, V).   uniform: (b,)."""
    drawn = []
    rows = max(SUMMED_AT_ONCE // probs.shape[-1], 1)
    for part, u in zip(torch.split(probs, rows), torch.split(uniform, rows), strict=True):
        cdf = fixed_point(part).cumsum(-1)
        level = (u.double() * cdf[:, -1]).long()  # below the total, for u is below 1
        drawn.append(torch.searchsorted(cdf, level[:, None], right=True).squeeze(1))
    return torch.cat(drawn)


def fixed_point(probs: Tensor) -> Tensor:
    """Probabilities as whole multiples of 2⁻⁵², long."""
    return (probs.double() * ONE).long()
