"""What reads a batch token by token: a model with transformers' cache, or its fast view.

A group's prompt is read once and its keys and values are shared out to the group's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from srpo_bench.harness.engines.kv_cache import slab_cache
from srpo_bench.harness.models.llama import Llama
from srpo_bench.harness.models.operations import attention, rotate
from srpo_bench.harness.models.packing import pack
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.models.product import linear
from srpo_bench.harness.models.reading import Layout, cache_keyword, prefill, takes


class Reader(Protocol):
    """B rows that have read all but the last token of their prompts."""

    def next(self, tokens: Tensor) -> Tensor:
        """(b, V) float32 logits after one more token of each row, tokens (b,) long."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows (long) only."""
        ...


def make_reader(
    policy: Policy, prompts: Sequence[list[int]], group: Tensor, limit: int
) -> tuple[Reader, bool]:
    """A reader of ``limit`` tokens behind each row's prompt, and whether rows may leave it.

    group: (B,) long, the prompt of each row.
    """
    if policy.llama is not None:
        return LlamaReader(policy.llama, prompts, group, limit), True
    return ModelReader(policy, prompts, group, limit), policy.layout is not Layout.WHOLE


class ModelReader:
    """Reads by the model's own modules. In ``Layout.WHOLE`` prompts are equally long, none is
    shared."""

    def __init__(
        self, policy: Policy, prompts: Sequence[list[int]], group: Tensor, limit: int
    ) -> None:
        self.policy, device = policy, policy.device
        group = group.to(device)
        self.whole = policy.layout is Layout.WHOLE
        self.cache = slab_cache(policy.model, limit + 1)
        read = [prompts[g] for g in group.tolist()] if self.whole else list(prompts)
        with policy.autocast():
            mask = prefill(policy.model, read, self.cache, policy.layout, device)
        if not self.whole:
            self._select(group)
            mask = mask[group]
        room = torch.zeros((len(group), limit + 1), dtype=torch.bool, device=device)
        self.mask = torch.cat([mask, room], 1)
        self.used = mask.shape[1]
        self.position = mask.sum(1)

    def next(self, tokens: Tensor) -> Tensor:
        """See ``Reader.next``."""
        self.mask[:, self.used] = True
        self.used += 1
        arguments: dict[str, Any] = {str(cache_keyword(self.policy.model)): self.cache}
        if not self.whole:
            arguments["attention_mask"] = self.mask[:, : self.used].long()
        if takes(self.policy.model, "position_ids"):
            arguments["position_ids"] = self.position[:, None]
        with self.policy.autocast():
            out = self.policy.model(input_ids=tokens[:, None], use_cache=True, **arguments)
        self.position = self.position + 1
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def keep(self, rows: Tensor) -> None:
        """See ``Reader.keep``."""
        rows = rows.to(self.policy.device)
        self.mask, self.position = self.mask[rows], self.position[rows]
        self._select(rows)

    def _select(self, rows: Tensor) -> None:
        for layer in self.cache.layers:
            layer.batch_select_indices(rows)


class LlamaReader:
    """Reads by the fast view: prompts end in one slot, so that all rows write into the next one,
    and what stands before a shorter prompt is masked.

    cache: (2, B·K, slots, d) a layer, keys and values.   mask: (B·K, 1, slots), 0 or −∞.
    """

    def __init__(
        self, llama: Llama, prompts: Sequence[list[int]], group: Tensor, limit: int
    ) -> None:
        self.llama, shape, device = llama, llama.shape, llama.device
        lengths = torch.tensor([len(p) - 1 for p in prompts])
        self.used = int(lengths.max())
        self.position = lengths[group].to(device)
        slots = torch.arange(self.used + limit, device=device)
        self.turns = llama.turns(slots)
        self.weights, self.head = llama.layers(), llama.head()
        before = slots < self.used - self.position[:, None]
        mask = torch.zeros(before.shape, device=device).masked_fill_(before, float("-inf"))
        self.mask = mask.repeat_interleave(shape.kv_heads, 0)[:, None]
        room = (2, len(group) * shape.kv_heads, len(slots), shape.head_dim)
        self.cache = [torch.empty(room, device=device) for _ in self.weights]
        if self.used:
            self._prefill(prompts, group)

    def _prefill(self, prompts: Sequence[list[int]], group: Tensor) -> None:
        everyone, nothing = torch.arange(len(prompts)), torch.zeros((len(prompts), 1)).long()
        packed = pack([p[:-1] for p in prompts], everyone, nothing, nothing[:, 0] + 1)
        packed, device = packed.to(self.llama.device), self.llama.device
        lengths = torch.tensor([len(p) - 1 for p in prompts], device=device)
        skipped = self.used - lengths[:, None]
        slots = torch.arange(self.used, device=device)
        at = packed.rows.gather(1, (slots - skipped).clamp(min=0))
        turns, shape = self.llama.turns(packed.position), self.llama.shape
        heads = self._heads(group)

        def attend(layer: int, qkv: Tensor) -> Tensor:
            out = attention(qkv, packed, turns, shape)
            both = qkv[:, shape.heads * shape.head_dim :].view(len(qkv), 2, shape.kv_heads, -1)
            of_prompt = both[at].permute(2, 0, 3, 1, 4).flatten(1, 2)
            torch.index_select(of_prompt, 1, heads, out=self.cache[layer][:, :, : self.used])
            return out

        self.llama.run(self.llama.embed(packed.tokens), self.weights, attend)

    def next(self, tokens: Tensor) -> Tensor:
        """See ``Reader.next``."""
        turns, shape = self.turns[self.position], self.llama.shape
        slot, self.used, self.position = self.used, self.used + 1, self.position + 1
        mask, scale = self.mask[:, :, : self.used], shape.head_dim**-0.5

        def attend(layer: int, qkv: Tensor) -> Tensor:
            rotate(qkv, turns, shape)
            q, kv = qkv.tensor_split([shape.heads * shape.head_dim], 1)
            kv = kv.view(len(qkv), 2, shape.kv_heads, -1).transpose(0, 1).flatten(1, 2)
            self.cache[layer][:, :, slot] = kv
            keys, values = self.cache[layer][:, :, : self.used]
            q = q.reshape(len(keys), -1, shape.head_dim)
            scores = torch.baddbmm(mask, q, keys.mT, alpha=scale)
            return torch.bmm(scores.softmax(-1), values).view(len(qkv), -1)

        x = self.llama.run(self.llama.embed(tokens), self.weights, attend)
        return linear(self.llama.last(x), self.head)

    def keep(self, rows: Tensor) -> None:
        """See ``Reader.keep``."""
        heads, rows = self._heads(rows), rows.to(self.llama.device)
        self.position, self.mask = self.position[rows], self.mask[heads]
        self.cache = [self._moved(both, heads) for both in self.cache]

    def _heads(self, rows: Tensor) -> Tensor:
        """(b·K,) long: where the key heads of rows (b,) stand in a cache."""
        kv_heads, rows = self.llama.shape.kv_heads, rows.to(self.llama.device)
        return (rows[:, None] * kv_heads + torch.arange(kv_heads, device=rows.device)).flatten()

    def _moved(self, both: Tensor, heads: Tensor) -> Tensor:
        """A layer's cache with these heads only; what is not yet written is not read."""
        kept = both.new_empty((2, len(heads), *both.shape[2:]))
        torch.index_select(both[:, :, : self.used], 1, heads, out=kept[:, :, : self.used])
        return kept
