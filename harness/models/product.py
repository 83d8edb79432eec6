"""Products with weights on a CPU, by oneDNN.

PyTorch multiplies float32 matrices by MKL, which on some makers' processors leaves half of the
width of their registers unused; oneDNN is as fast on the others and took half the time there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

Linear = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""x Wᵀ + b of x, a weight and a bias."""


def linear_on(device: torch.device) -> Linear:
    """The product that is used on a device."""
    return linear if device.type == "cpu" else F.linear


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b, (n, o) of x (n, i) and a weight (o, i), in x's dtype. Differentiable.

    A float32 x may meet a weight and a bias in bfloat16: then the product is in bfloat16.
    """
    if x.dtype == torch.float32 and weight.dtype == torch.bfloat16:
        return F.linear(x.to(weight.dtype), weight, bias).to(x.dtype)
    plain = x.device.type != "cpu" or x.dtype != torch.float32 or weight.dtype != torch.float32
    if plain or not torch._C._has_mkldnn:
        return F.linear(x, weight, bias)
    if not torch.is_grad_enabled():
        return _product(x, weight, bias)
    out: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return out


class _Linear(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        needed = ctx.needs_input_grad
        return (
            _product(gradient, weight.t()) if needed[0] else None,
            _outer(gradient, x) if needed[1] else None,
            gradient.sum(0) if needed[2] else None,
        )


def _outer(gradient: Tensor, x: Tensor) -> Tensor:
    """gᵀ x. The first factor of a product is copied when it is turned, so that is the smaller."""
    if x.shape[1] < gradient.shape[1]:
        return _product(x.t(), gradient.t()).t()
    return _product(gradient.t(), x.t())


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return out
