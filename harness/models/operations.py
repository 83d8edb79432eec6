"""The operations of a model of Llama's shape, their gradients by hand where that spares passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from srpo_bench.harness.models.packing import Packed


@dataclass(frozen=True)
class Shape:
    """H query heads and K key heads of d numbers each, and what norms add to a mean square."""

    heads: int
    kv_heads: int
    head_dim: int
    eps: float

    @property
    def rotated(self) -> int:
        """Columns of q and k in a product of q, k and v."""
        return (self.heads + self.kv_heads) * self.head_dim


def unit(x: Tensor, eps: float) -> Tensor:
    """x / √(mean x² + ε) along the last dimension."""
    if not torch.is_grad_enabled():
        return x * _scale(x, eps)
    out: Tensor = _Unit.apply(x, eps)  # type: ignore[no-untyped-call]
    return out


def _scale(x: Tensor, eps: float) -> Tensor:
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    scale: Tensor = norm.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
    return scale


def gated(gate_up: Tensor) -> Tensor:
    """silu(gate) · up, (n, m) of (n, 2m), gate before up."""
    if not torch.is_grad_enabled():
        return _gated(gate_up)
    out: Tensor = _Gated.apply(gate_up)  # type: ignore[no-untyped-call]
    return out


def _gated(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, -1)
    return F.silu(gate).mul_(up)


def attention(qkv: Tensor, packed: Packed, turns: Tensor, shape: Shape) -> Tensor:
    """Causal attention, (N, H·d), of packed q, k, v (N, (H + 2K)·d), which is rotated in place."""
    if qkv.device.type != "cpu":
        return attention_on_cuda(qkv, packed, turns, shape)
    out: Tensor = _Attention.apply(qkv, packed, turns, shape)  # type: ignore[no-untyped-call]
    return out


def attention_on_cuda(qkv: Tensor, packed: Packed, turns: Tensor, shape: Shape) -> Tensor:
    """``attention`` by PyTorch's own choice of kernel, which in float32 takes as many keys as
    queries."""
    rotate(qkv, turns, shape)
    q, k, v = _heads(qkv.index_select(0, packed.rows.flatten()), packed, shape)
    k, v = (x.repeat_interleave(shape.heads // shape.kv_heads, 1) for x in (k, v))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return _flat(out).index_select(0, packed.place)


def rotate(qkv: Tensor, turns: Tensor, shape: Shape) -> None:
    """Turn q and k of (n, (H + 2K)·d) in place, pairs side by side."""
    pairs = qkv[:, : shape.rotated].view(len(qkv), shape.rotated // 2, 2)
    torch.view_as_complex(pairs).mul_(turns)


class _Unit(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> Tensor:
        scale = _scale(x, eps)
        y: Tensor = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        gradient, (y, scale) = gradients[0], ctx.saved_tensors
        along = (gradient * y).mean(-1, keepdim=True)
        return torch.addcmul(gradient, y, along, value=-1).mul_(scale), None


class _Gated(Function):
    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up)
        return _gated(gate_up)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,), (gate_up,) = gradients, ctx.saved_tensors
        gate, up = gate_up.chunk(2, -1)
        out = torch.empty_like(gate_up)
        of_gate, of_up = out.chunk(2, -1)
        scratch = F.silu(gate)
        torch.mul(gradient, scratch, out=of_up)
        torch.mul(gradient, up, out=scratch)
        torch.ops.aten.silu_backward.grad_input(scratch, gate, grad_input=of_gate)
        return out


class _Attention(Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, packed: Packed, turns: Tensor, shape: Shape) -> Tensor:
        rotate(qkv, turns, shape)
        q, k, v = _heads(qkv.index_select(0, packed.rows.flatten()), packed, shape)
        out, logsumexp = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            q, k, v, 0.0, True
        )
        ctx.save_for_backward(q, k, v, out, logsumexp)
        ctx.of = packed, turns, shape
        return _flat(out).index_select(0, packed.place)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,), (q, k, v, out, logsumexp) = gradients, ctx.saved_tensors
        packed, turns, shape = ctx.of
        rows, positions = packed.rows.shape
        padded = gradient.new_zeros(rows * positions, gradient.shape[1])
        padded.index_copy_(0, packed.place, gradient)
        parts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
            padded.view(rows, positions, shape.heads, -1).transpose(1, 2),
            *(q, k, v, out, logsumexp, 0.0, True),
        )
        every = torch.cat([_flat(part) for part in parts], 1)
        # A token's gradient is the sum over its places, a prompt's over its group's rows.
        summed = F.embedding_bag(packed.places, every, packed.starts, mode="sum")
        rotate(summed, turns.conj(), shape)
        return summed, None, None, None


def _heads(every: Tensor, packed: Packed, shape: Shape) -> tuple[Tensor, ...]:
    """q, k, v as attention takes them, (B, heads, S, d), of (B·S, (H + 2K)·d)."""
    heads = every.view(*packed.rows.shape, -1, shape.head_dim).transpose(1, 2)
    return heads.tensor_split([shape.heads, shape.heads + shape.kv_heads], 1)


def _flat(heads: Tensor) -> Tensor:
    """(B·S, heads·d) of (B, heads, S, d)."""
    return heads.transpose(1, 2).flatten(2).flatten(0, 1)
