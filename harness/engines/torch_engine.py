"""The default rollout engine: plain PyTorch on the learner's own model.

A group's prompt is prefilled once and its keys and values are shared out to the n samples; rows
that have ended leave the batch, many at a time. Each (row, position) has its uniform number drawn
beforehand, so what a row says depends neither on its neighbours nor on how the batch is cut.

A model that keeps a state (``Layout.WHOLE``) cannot share a prompt or have padding in front: there
prompts of one length are decoded together, a row for each response, and rows stay to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.kv_cache import slab_cache
from srpo_bench.harness.models.distribution import sample
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.models.reading import Layout, cache_keyword, prefill, takes

COMPACT = 0.6
"""Ended rows leave the batch once fewer than this share of it goes on; moving a cache costs too."""


class TorchEngine:
    """Samples from a ``Policy`` in this process; weights are shared, so ``sync`` has no work."""

    shares_weights = True

    def __init__(self, policy: Policy, rows_at_once: int) -> None:
        self.policy = policy
        self.rows_at_once = rows_at_once

    def sync(self) -> None:
        """Nothing to do: the engine reads the learner's weights."""

    def close(self) -> None:
        """Nothing to do: it holds nothing between two batches."""

    @torch.no_grad()
    def generate(
        self,
        prompts: Sequence[list[int]],
        n: int,
        sampling: Sampling,
        generator: torch.Generator,
        stops: Sequence[tuple[str, ...]] = (),
    ) -> Completions:
        """Sample ``n`` responses a prompt. See ``Engine.generate``."""
        rows = len(prompts) * n
        uniform = torch.rand((rows, sampling.max_new_tokens), generator=generator)
        tokens = torch.zeros((rows, sampling.max_new_tokens), dtype=torch.long)
        logp = torch.zeros((rows, sampling.max_new_tokens))
        lengths = torch.zeros(rows, dtype=torch.long)
        ended = torch.zeros(rows, dtype=torch.bool)
        for chunk in self._chunks(prompts, n):
            used, group = torch.unique(chunk // n, return_inverse=True)
            part = used.tolist()
            decode = _Decode(
                self.policy,
                sampling,
                [prompts[p] for p in part],
                [stops[p] for p in part] if stops else [],
                group,
            )
            decode.run(uniform[chunk])
            tokens[chunk], logp[chunk] = decode.tokens, decode.logp
            lengths[chunk], ended[chunk] = decode.lengths, decode.ended
        width = max(int(lengths.max()), 1)
        mask = torch.arange(width) < lengths[:, None]
        return Completions(tokens[:, :width], mask, logp[:, :width], ~ended)

    def _chunks(self, prompts: Sequence[list[int]], n: int) -> Iterator[Tensor]:
        """Output rows that are decoded together, prompts of like lengths side by side: little of
        a chunk is padding."""
        lengths, by_length = torch.tensor([len(p) for p in prompts]).sort(stable=True)
        rows = (by_length[:, None] * n + torch.arange(n)).flatten()
        alike = [len(rows)]
        if self.policy.layout is Layout.WHOLE:
            alike = (torch.unique(lengths, return_counts=True)[1] * n).tolist()
        for part in torch.split(rows, alike):
            for chunk in torch.split(part, self.rows_at_once):
                yield chunk.sort().values


class _Decode:
    """One batch being decoded; ``alive`` maps rows still in the model's batch to output rows."""

    def __init__(
        self,
        policy: Policy,
        sampling: Sampling,
        prompts: Sequence[list[int]],
        stops: Sequence[tuple[str, ...]],
        group: Tensor,
    ) -> None:
        self.policy, self.sampling = policy, sampling
        rows, limit = len(group), sampling.max_new_tokens
        self.tokens = torch.zeros((rows, limit), dtype=torch.long)
        self.logp = torch.zeros((rows, limit))
        self.lengths = torch.zeros(rows, dtype=torch.long)
        self.ended = torch.zeros(rows, dtype=torch.bool)
        self.alive = torch.arange(rows)
        self.stops = [stops[g] for g in group.tolist()] if any(stops) else []
        # A token adds a byte at least, so no stop string reaches back further than it has bytes.
        self.window = max((len(s.encode()) for row in self.stops for s in row), default=0)
        device, model = policy.device, policy.model
        group = group.to(device)
        self.whole = policy.layout is Layout.WHOLE
        self.cache = slab_cache(model, limit + 1)
        read = [prompts[g] for g in group.tolist()] if self.whole else list(prompts)
        with policy.autocast():
            prompt_mask = prefill(model, read, self.cache, policy.layout, device)
        if not self.whole:
            _select(self.cache, group)
            prompt_mask = prompt_mask[group]
        self.mask = torch.cat(
            [prompt_mask, torch.zeros((rows, limit + 1), dtype=torch.bool, device=device)], 1
        )
        self.prefix = prompt_mask.shape[1]
        self.prompt_lengths = prompt_mask.sum(1)
        self.last = torch.tensor([p[-1] for p in prompts], device=device)[group]
        self.ends = torch.tensor(policy.end_tokens)

    def run(self, uniform: Tensor) -> None:
        """Decode until every row has ended or met the limit. uniform: (B, limit) in [0, 1)."""
        for t in range(self.sampling.max_new_tokens):
            logits = self._forward(t)
            token, logp = sample(
                logits,
                uniform[self.alive, t],
                self.sampling.temperature,
                self.sampling.top_p,
            )
            self.last = token
            going = ~self.ended[self.alive]
            rows, token, logp = self.alive[going], token.cpu()[going], logp.cpu()[going]
            self.tokens[rows, t], self.logp[rows, t] = token, logp
            self.lengths[rows] = t + 1
            self.ended[rows] = torch.isin(token, self.ends) | self._stopped(rows, t)
            left = ~self.ended[self.alive]
            if not left.any():
                return
            if not self.whole and left.sum() < COMPACT * len(left):
                self._keep(left)

    def _forward(self, t: int) -> Tensor:
        self.mask[:, self.prefix + t] = True
        arguments: dict[str, Any] = {str(cache_keyword(self.policy.model)): self.cache}
        if not self.whole:
            arguments["attention_mask"] = self.mask[:, : self.prefix + t + 1].long()
        if takes(self.policy.model, "position_ids"):
            arguments["position_ids"] = (self.prompt_lengths + t)[:, None]
        with self.policy.autocast():
            out = self.policy.model(input_ids=self.last[:, None], use_cache=True, **arguments)
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def _stopped(self, rows: Tensor, t: int) -> Tensor:
        stopped = torch.zeros(len(rows), dtype=torch.bool)
        if self.stops:
            tails = self.tokens[rows, max(0, t + 1 - self.window) : t + 1].tolist()
            for i, (row, tail) in enumerate(zip(rows.tolist(), tails, strict=True)):
                text = self.policy.decode.spelled_out(tail)
                stopped[i] = any(stop in text for stop in self.stops[row])
        return stopped

    def _keep(self, left: Tensor) -> None:
        keep = left.nonzero().squeeze(1)
        self.alive = self.alive[keep]
        keep = keep.to(self.policy.device)
        self.last, self.mask = self.last[keep], self.mask[keep]
        self.prompt_lengths = self.prompt_lengths[keep]
        _select(self.cache, keep)


def _select(cache: Any, index: Tensor) -> None:
    for layer in cache.layers:
        layer.batch_select_indices(index)
