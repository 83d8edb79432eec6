"""Models of Llama's shape in few, large operations.

What their own modules do in some forty operations a layer is done in a dozen: query, key and value
are one product, gate and up another, a norm's weight is folded into the product behind it, the
residual is added by the product, a rotation is one complex product. The sums are the same, in
another order. On a CPU that spares passes over memory; on cuda it spares launches of small kernels,
which are what a small model waits for. Products are in the compute dtype, all else is in float32.
``recognise`` takes only what it knows in every part; all else goes through the model's own modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from srpo_bench.harness.models.context import CHANGING
from srpo_bench.harness.models.operations import Shape, attention, gated, unit
from srpo_bench.harness.models.packing import Packed
from srpo_bench.harness.models.product import linear

FAMILIES = ("llama", "qwen2", "qwen3", "mistral")
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
BIASED = ("q_proj", "k_proj", "v_proj")


@dataclass(frozen=True)
class Layer:
    """A layer's weights D → q k v → D → gate up → D in the compute dtype, norms folded in. Rows of
    queries and keys stand so that a rotated pair is side by side. qk_norm: (H + K, d) float32, of
    the norms on heads."""

    qkv: Tensor
    bias: Tensor | None
    out: Tensor
    gate_up: Tensor
    down: Tensor
    qk_norm: Tensor | None


class Llama:
    """The view of a model that ``recognise`` knows. Weights stay the model's own, in float32."""

    def __init__(self, model: Any, dtype: torch.dtype = torch.float32) -> None:
        config = model.config
        self.model = model
        self.dtype = dtype
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
            bias = bias.to(self.dtype)
        if hasattr(a, "q_norm"):
            q, k = _paired(a.q_norm.weight, d), _paired(a.k_norm.weight, d)
            norm = torch.cat([q.expand(self.shape.heads, d), k.expand(self.shape.kv_heads, d)])
        qkv = torch.cat([_paired(p.weight, d) if turned else p.weight for p, turned in heads])
        gate_up = torch.cat([m.gate_proj.weight, m.up_proj.weight])
        return Layer(
            qkv=(qkv * layer.input_layernorm.weight).to(self.dtype),
            bias=bias,
            out=a.o_proj.weight.to(self.dtype),
            gate_up=(gate_up * layer.post_attention_layernorm.weight).to(self.dtype),
            down=m.down_proj.weight.to(self.dtype),
            qk_norm=norm,
        )

    def head(self) -> Tensor:
        """(V, D): the weight behind the last norm, in the compute dtype."""
        weight: Tensor = self.model.lm_head.weight.to(self.dtype)
        return weight

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
        """(n, D): last hidden states at ``packed.predicts``. Differentiable."""
        packed = packed.to(self.device)
        turns, shape = self.turns(packed.position), self.shape

        def attend(_: int, qkv: Tensor) -> Tensor:
            return attention(qkv, packed, turns, shape)

        x = self.run(self.embed(packed.tokens), self.layers(), attend)
        return self.last(x.index_select(0, packed.predicts))


def recognise(model: Any, dtype: torch.dtype = torch.float32) -> Llama | None:
    """The fast view of a model, computing in ``dtype``; None where any part is not known here."""
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
    return Llama(model, dtype) if ordinary and all(_unchanged(model, family)) else None


def _unchanged(model: Any, family: str) -> Iterator[bool]:
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
