"""Log-probs from last hidden states, logits made a piece at a time.

A large vocabulary's logits outweigh everything else a micro-batch holds. They are made for a few
tokens, dropped, and made again on the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from srpo_bench.harness.models.product import Linear, linear_on

LOGITS_AT_ONCE = {"cpu": 2**24, "mps": 2**24, "cuda": 2**28}
"""Numbers in a tensor of logits, by device: 64 MiB on a CPU, where a vocabulary of 50,000 is then
held for some 340 tokens at a time; 1 GiB on an accelerator, whose products want more rows."""

PROBED = 16
"""Tokens on which a head is compared with what the model makes of it."""


@dataclass(frozen=True)
class Head:
    """logits = cap · tanh(scale · (W h + b) / cap); without a cap scale · (W h + b).

    Granite and Cohere scale (``scale``), Gemma caps (``cap``); most do neither.
    """

    linear: Any
    scale: float = 1.0
    cap: float | None = None

    def logits(self, states: Tensor, weight: Tensor, multiply: Linear) -> Tensor:
        """(n, V) float32. states: (n, d).   weight: the linear layer's, in the compute dtype."""
        if weight is self.linear.weight:
            out = multiply(states, weight, self.linear.bias)
        else:
            low = states.to(weight.dtype)
            out = _CastOnce.apply(low, self.linear.weight, weight)  # type: ignore[no-untyped-call]
            if self.linear.bias is not None:
                out = out + self.linear.bias.to(weight.dtype)
        return self.shaped(out).float()

    def shaped(self, out: Tensor) -> Tensor:
        """The linear layer's output, scaled and capped as the model does."""
        if self.scale != 1.0:
            out = out * self.scale
        return out if self.cap is None else torch.tanh(out / self.cap) * self.cap


def head_of(model: Any, body: Any, device: torch.device) -> Head | None:
    """The head of a model as far as it is understood: what its own logits are, tried out.

    Returns:
        None where neither scale nor cap explains them: then they are left whole.
    """
    config, linear = model.config.get_text_config(), model.get_output_embeddings()
    if body is model or not isinstance(linear, torch.nn.Linear):
        return None
    ids = torch.arange(PROBED, device=device)[None] % config.vocab_size
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        logits = model(input_ids=ids, use_cache=False).logits[0].float()
        states = body(input_ids=ids, use_cache=False).last_hidden_state[0]
        plain = linear(states).float()
    cap = getattr(config, "final_logit_softcapping", None)
    before = logits if cap is None else cap * torch.atanh((logits / cap).double()).float()
    finite = before.isfinite()
    scale = float((before * plain)[finite].sum() / (plain * plain)[finite].sum())
    # The cap that the configuration names comes first: small logits do not tell it from none.
    candidates = [Head(linear, 1.0, cap), Head(linear, scale, cap), Head(linear)]
    for head in candidates:
        if torch.allclose(head.shaped(plain), logits, rtol=1e-5, atol=1e-5):
            return head
    return None


def logp_in_pieces(
    head: Head,
    states: Tensor,
    tokens: Tensor,
    dtype: torch.dtype,
    logp: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """(n,) nats of ``tokens`` (n,) from last hidden states (n, d).

    Args:
        dtype: that of the product; the weight is cast to it once, not once a piece.
        logp: (m, V) logits and (m,) tokens to (m,) log-probs.
    """
    weight = head.linear.weight
    if dtype != weight.dtype:
        weight = weight.detach().to(dtype)

    multiply = linear_on(states.device)  # asked once: the backward pass computes a piece again

    def piece(states: Tensor, tokens: Tensor) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            return logp(head.logits(states, weight, multiply), tokens)

    rows = max(LOGITS_AT_ONCE[states.device.type] // head.linear.out_features, 1)
    parts = zip(torch.split(states, rows), torch.split(tokens, rows), strict=True)
    if len(states) <= rows:
        return piece(states, tokens)
    return torch.cat([checkpoint(piece, s, t, use_reentrant=False) for s, t in parts])


class _CastOnce(torch.autograd.Function):
    """x Wᵀ with a weight that was cast beforehand; the gradient goes to the float32 weight, piece
    by piece in float32, where a cast inside autograd would add the pieces up in bfloat16."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, cast: Tensor) -> Tensor:
        ctx.save_for_backward(states, cast)
        return F.linear(states, cast)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (gradient,) = gradients
        states, cast = ctx.saved_tensors
        return gradient @ cast, (gradient.mT @ states).float(), None
