"""Models of Llama's shape in few, large operations, in float32.

What their own modules do in some forty operations a layer is done in a dozen: query, key and value
are one product, gate and up another, a norm's weight is folded into the product behind it, the
residual is added by the product, a rotation is one complex product. The sums are the same, in
another order. On a CPU that spares passes over memory; on cuda it spares launches of small kernels,
which are what a small model waits for. ``recognise`` takes only what it knows in every part; all
else goes through the model's own modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from srpo_bench.harness.models.context import CHANGING
from srpo_bench.harness.models.packing import Packed
from srpo_bench.harness.models.product import linear

FAMILIES = ("llama", "qwen2", "qwen3", "mistral")
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
BIASED = ("q_proj", "k_proj", "v_proj")


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


@dataclass(frozen=True)
class Layer:
    """A layer's weights D → q k v → D → gate up → D, norms folded in. Query and key rows stand so
    that a rotated pair is side by side. qk_norm: (H + K, d), of the norms on heads."""

    qkv: Tensor
    bias: Tensor | None
    out: Tensor
    gate_up: Tensor
    down: Tensor
    qk_norm: Tensor | None


class Llama:
    """The view of a model that ``recognise`` knows. Weights stay the model's own."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self.model = model
        self.shape = Shape(
            config.num_attention_heads,
            config.num_key_value_heads,
            model.model.layers[0].self_attn.head_dim,
            config.rms_norm_eps,
        )

    def layers(self) -> list[Layer]:
        """The weights as they are now; differentiable."""
        return [self._layer(layer) for layer in self.model.model.layers]

    def _layer(self, layer: Any) -> Layer:
        a, m, d = layer.self_attn, layer.mlp, self.shape.head_dim
        heads = ((a.q_proj, True), (a.k_proj, True), (a.v_proj, False))
        bias, norm = None, None
        if a.q_proj.bias is not None:
            bias = torch.cat([_paired(p.bias, d) if turned else p.bias for p, turned in heads])
        if hasattr(a, "q_norm"):
            q, k = _paired(a.q_norm.weight, d), _paired(a.k_norm.weight, d)
            norm = torch.cat([q.expand(self.shape.heads, d), k.expand(self.shape.kv_heads, d)])
        qkv = torch.cat([_paired(p.weight, d) if turned else p.weight for p, turned in heads])
        return Layer(
            qkv=qkv * layer.input_layernorm.weight,
            bias=bias,
            out=a.o_proj.weight,
            gate_up=torch.cat([m.gate_proj.weight, m.up_proj.weight])
            * layer.post_attention_layernorm.weight,
            down=m.down_proj.weight,
            qk_norm=norm,
        )

    def turns(self, position: Tensor) -> Tensor:
        """(n, (H + K)·d/2) complex: what a position (n,) turns q and k by."""
        rotary = self.model.model.rotary_emb
        angle = position[:, None].to(self.device).float() * rotary.inv_freq.float()
        length = torch.full_like(angle, rotary.attention_scaling)
        return torch.polar(length, angle).repeat(1, self.shape.heads + self.shape.kv_heads)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        where: torch.device = self.model.lm_head.weight.device
        return where

    def embed(self, tokens: Tensor) -> Tensor:
        """(n, D) of token ids (n,)."""
        states: Tensor = self.model.model.embed_tokens(tokens.to(self.device))
        return states

    def last(self, x: Tensor) -> Tensor:
        """The last norm: (n, D) to (n, D), what the head reads."""
        normed: Tensor = unit(x, self.shape.eps) * self.model.model.norm.weight
        return normed

    def run(
        self, x: Tensor, layers: list[Layer], attend: Callable[[int, Tensor], Tensor]
    ) -> Tensor:
        """Through all layers, (n, D) to (n, D).

        Args:
            attend: of a layer's number and its q, k, v, (n, (H + 2K)·d), not yet rotated, which it
                may overwrite; gives (n, H·d).
        """
        eps = self.shape.eps
        for i, w in enumerate(layers):
            qkv = linear(unit(x, eps), w.qkv, w.bias)
            if w.qk_norm is not None:
                qkv = self._head_norms(qkv, w.qk_norm)
            x = linear(attend(i, qkv), w.out).add_(x)
            x = linear(gated(linear(unit(x, eps), w.gate_up)), w.down).add_(x)
        return x

    def _head_norms(self, qkv: Tensor, weight: Tensor) -> Tensor:
        qk, v = qkv.tensor_split([self.shape.rotated], 1)
        qk = unit(qk.reshape(len(qk), *weight.shape), self.shape.eps) * weight
        return torch.cat([qk.flatten(1), v], 1)

    def states(self, packed: Packed) -> Tensor:
        """(n, D): last hidden states at ``packed.said``. Differentiable."""
        packed = packed.to(self.device)
        turns, shape = self.turns(packed.position), self.shape

        def attend(_: int, qkv: Tensor) -> Tensor:
            return attention(qkv, packed, turns, shape)

        x = self.run(self.embed(packed.tokens), self.layers(), attend)
        return self.last(x.index_select(0, packed.said))


def recognise(model: Any) -> Llama | None:
    """The fast view of a model; None where any part of it is not known here."""
    config = model.config
    family = f"transformers.models.{config.model_type}.modeling_{config.model_type}"
    if config.model_type not in FAMILIES or type(model).__module__ != family:
        return None
    rope = getattr(config, "rope_parameters", None) or {}
    ordinary = (
        config.hidden_act == "silu"
        and not config.attention_dropout
        and set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
        and (config.model_type != "mistral" or config.sliding_window is None)
        and rope.get("rope_type") not in CHANGING
        and rope.get("partial_rotary_factor", 1.0) == 1.0
        and not model.is_gradient_checkpointing
    )
    return Llama(model) if ordinary and all(_known(model, family)) else None


def _known(model: Any, family: str) -> Iterator[bool]:
    """Whether each part is what it is called, unchanged, and in float32 on a CPU or on cuda."""
    for name, module in model.named_modules():
        kind, last = type(module), name.rpartition(".")[2]
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
        yield not any(getattr(module, hook) for hook in hooks) and "forward" not in vars(module)
        if last in LINEAR:
            yield kind is torch.nn.Linear and (module.bias is None or last in BIASED)
        elif last == "embed_tokens":
            yield kind is torch.nn.Embedding and module.max_norm is None
        elif not (last == "layers" and kind is torch.nn.ModuleList):
            yield last == "act_fn" or kind.__module__ == family
        if last == "self_attn":
            yield module.scaling == module.head_dim**-0.5
            yield len({p.bias is None for p in (module.q_proj, module.k_proj, module.v_proj)}) == 1
        if last.endswith("norm"):
            yield module.variance_epsilon == model.config.rms_norm_eps
    for parameter in model.parameters():
        yield parameter.dtype == torch.float32 and parameter.device.type in ("cpu", "cuda")


def _paired(weight: Tensor, head_dim: int) -> Tensor:
    """Rows of heads so that row i of a head stands beside row i + d/2, with which it is rotated."""
    halves = weight.view(-1, 2, head_dim // 2, *weight.shape[1:])
    return halves.transpose(1, 2).reshape(weight.shape)


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
