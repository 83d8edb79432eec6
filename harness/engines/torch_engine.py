"""The default rollout engine: plain PyTorch on the learner's own model.

A group's prompt is prefilled once and its keys and values are shared out to the n samples; rows
that have ended leave the batch, many at a time. Each (row, position) has its uniform number drawn
beforehand, so what a row says depends neither on its neighbours nor on how the batch is cut.

A model that keeps a state (``Layout.WHOLE``) cannot share a prompt or have padding in front: there
prompts of one length are decoded together, a row for each response, and rows stay to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from srpo_bench.harness.engines.base import Completions, Listener, Sampling
from srpo_bench.harness.engines.readers import make_reader
from srpo_bench.harness.models.distribution import sample
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.models.reading import Layout

COMPACT = 0.6
"""Ended rows leave the batch once fewer than this share of it goes on; moving a cache costs too."""


class TorchEngine:
    """Samples from a ``Policy`` in this process; weights are shared, so ``sync`` has no work."""

    shares_weights = True

    def __init__(self, policy: Policy, rows_at_once: int) -> None:
        self.policy = policy
        self.rows_at_once = rows_at_once
        self.positions_at_once: int | None = None

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
        ended: Listener | None = None,
    ) -> Completions:
        """Sample ``n`` responses a prompt. See ``Engine.generate``."""
        rows = len(prompts) * n
        uniform = _uniform(rows, sampling, generator)
        tokens = torch.zeros((rows, sampling.max_new_tokens), dtype=torch.long)
        logp = torch.zeros((rows, sampling.max_new_tokens))
        lengths = torch.zeros(rows, dtype=torch.long)
        complete = torch.zeros(rows, dtype=torch.bool)
        for chunk in self._chunks(prompts, n, sampling.max_new_tokens):
            used, group = torch.unique(chunk // n, return_inverse=True)
            part = used.tolist()
            decode = _Decode(
                self.policy,
                sampling,
                [prompts[p] for p in part],
                [stops[p] for p in part] if stops else [],
                group,
            )
            for done, written in decode.run(uniform[chunk]):
                if ended is not None:
                    ended(chunk[done].tolist(), written.tolist())
            tokens[chunk], logp[chunk] = decode.tokens, decode.logp
            lengths[chunk], complete[chunk] = decode.lengths, decode.ended
        width = max(int(lengths.max()), 1)
        mask = torch.arange(width) < lengths[:, None]
        return Completions(tokens[:, :width], mask, logp[:, :width], ~complete)

    def skip(self, prompts: int, n: int, sampling: Sampling, generator: torch.Generator) -> None:
        """Draw what ``generate`` would. See ``Engine.skip``."""
        _uniform(prompts * n, sampling, generator)

    def _chunks(self, prompts: Sequence[list[int]], n: int, limit: int) -> Iterator[Tensor]:
        """Output rows that are decoded together, prompts of like lengths side by side: little of
        a chunk is padding."""
        lengths, by_length = torch.tensor([len(p) for p in prompts]).sort(stable=True)
        rows = (by_length[:, None] * n + torch.arange(n)).flatten()
        alike = [len(rows)]
        if self.policy.layout is Layout.WHOLE:
            alike = (torch.unique(lengths, return_counts=True)[1] * n).tolist()
        for part in torch.split(rows, alike):
            longest = len(prompts[int(part[-1]) // n])
            for chunk in torch.split(part, self._at_once(longest + limit)):
                yield chunk.sort().values

    def _at_once(self, positions: int) -> int:
        """Rows of so many positions that are decoded together."""
        if self.positions_at_once is None:
            return self.rows_at_once
        return max(1, min(self.rows_at_once, self.positions_at_once // positions))


def _uniform(rows: int, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """What decides each token of each row: (rows, max_new_tokens) in [0, 1)."""
    return torch.rand((rows, sampling.max_new_tokens), generator=generator)


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
        self.reader, self.rows_leave = make_reader(policy, prompts, group, limit)
        self.last = torch.tensor([p[-1] for p in prompts])[group].to(policy.device)
        self.ends = torch.tensor(policy.end_tokens)

    def run(self, uniform: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Decode until every row has ended or met the limit. uniform: (B, limit) in [0, 1).

        Yields:
            rows (b,) long that end, or meet the limit, at one position, and their tokens
            (b, t + 1) long.
        """
        limit = self.sampling.max_new_tokens
        for t in range(limit):
            logits = self.reader.next(self.last)
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
            over = torch.isin(token, self.ends) | self._stopped(rows, t)
            self.ended[rows] = over
            done = rows if t + 1 == limit else rows[over]
            if len(done):
                yield done, self.tokens[done, : t + 1]
            left = ~self.ended[self.alive]
            if not left.any():
                return
            if self.rows_leave and left.sum() < COMPACT * len(left):
                self._keep(left)

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
        self.last = self.last[keep.to(self.policy.device)]
        self.reader.keep(keep)
