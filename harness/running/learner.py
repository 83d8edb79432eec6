"""Turns a batch into optimiser updates. Knows the algorithm only by its ``loss``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Batch, Totals
from srpo_bench.harness.config import Optim
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy, spans
from srpo_bench.harness.running import algorithm_guard as guard


@dataclass
class Update:
    """What one step's updates did and cost. tokens_forward counts prompt and response tokens that
    went through forward and backward; tokens_reference those the reference policy read."""

    loss: float
    grad_norm: float
    lr: float
    updates: int
    tokens_forward: int
    tokens_reference: int
    metrics: dict[str, float]


class Learner:
    """AdamW on the policy's float32 weights."""

    def __init__(
        self,
        policy: Policy,
        reference: Policy | None,
        optim: Optim,
        updates_planned: int,
        max_tokens: int,
        own: Sequence[torch.nn.Parameter] = (),
    ) -> None:
        """own: weights of the algorithm, trained beside the policy's."""
        self.policy, self.reference, self.optim = policy, reference, optim
        self.updates_planned, self.max_tokens = updates_planned, max_tokens
        self.parameters = [p for p in policy.model.parameters() if p.requires_grad]
        for weight in own:
            weight.data = weight.data.to(policy.device)
        self.parameters += own
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=optim.lr,
            betas=optim.betas,
            eps=optim.eps,
            weight_decay=optim.weight_decay,
            fused=policy.device.type == "cpu" or None,  # one pass over the weights, not ten
        )
        self.updates_done = 0
        # AdamW skips a parameter that has no gradient yet; a resumed run must not.
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)

    def update(self, batch: Batch, algorithm: Algorithm[Any]) -> Update:
        """One update for each share of the batch's groups, in every iteration."""
        losses: list[float] = []
        norms: list[float] = []
        sums: Counter[str] = Counter()
        cost = [0, 0]
        lr = self.optim.lr
        for part in self._shares(batch) * self.optim.num_iterations:
            totals = Totals.of(part, self.max_tokens)
            lr = learning_rate(self.optim, self.updates_done, self.updates_planned)
            self.optimizer.zero_grad(set_to_none=False)
            loss = 0.0
            every_row = algorithm.needs_reference or algorithm.reads_outputs
            for micro in self.micro_batches(part, every_row):
                value, metrics = self._backward(micro, totals, algorithm, cost)
                loss += value
                sums.update(metrics)
            norms.append(self._step(lr, algorithm.name))
            losses.append(loss)
        n = len(losses)
        return Update(
            loss=sum(losses) / n,
            grad_norm=sum(norms) / n,
            lr=lr,
            updates=n,
            tokens_forward=cost[0],
            tokens_reference=cost[1],
            metrics={key: value / n for key, value in sums.items()},
        )

    def _backward(
        self, micro: Batch, totals: Totals, algorithm: Algorithm[Any], cost: list[int]
    ) -> tuple[float, dict[str, float]]:
        rollouts = micro.rollouts
        tokens = forward_tokens(micro)
        cost[0] += tokens
        reference = None
        if algorithm.needs_reference and self.reference is not None:
            with torch.no_grad():
                reference = self.reference.logp(rollouts)
            cost[1] += tokens
        on_device = move(micro, self.policy.device)
        if algorithm.reads_outputs:
            logp, on_device.outputs = self.policy.outputs(rollouts)
        else:
            logp = self.policy.logp(rollouts)
        loss, metrics = guard.loss(algorithm, logp, reference, on_device, totals)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.item(), metrics

    def _step(self, lr: float, name: str) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.optim.max_grad_norm).item()
        if not math.isfinite(norm):
            raise RunError(f"Algorithm '{name}' gave a gradient of norm {norm}.")
        self.optimizer.step()
        self.updates_done += 1
        return norm

    def _shares(self, batch: Batch) -> list[Batch]:
        """The batch cut by groups. A sampler may have kept fewer of them than there are shares; an
        update on no response at all would move the weights by momentum alone."""
        n = self.optim.updates_per_step
        if n == 1:
            return [batch]
        group = batch.rollouts.group
        shares = [(group % n == i).nonzero()[:, 0] for i in range(n)]
        return [batch.rows(rows) for rows in shares if len(rows)] or [batch]

    def micro_batches(self, batch: Batch, every_row: bool) -> Iterator[Batch]:
        """Rows that carry a gradient, whole groups together, within the token budget.

        A row without weight adds nothing to the loss or its gradient, and one without advantage
        only where the loss has more than the advantage's term (``every_row``). What adds nothing is
        left out of the forward pass; it still stands in the denominators.
        """
        active = batch.weight != 0
        if not every_row:
            active &= batch.advantage != 0
        index = active.nonzero()[:, 0]
        index = index[batch.rollouts.group[index].argsort(stable=True)]
        lengths = batch.rollouts.lengths
        prompt = torch.tensor([len(p) for p in batch.rollouts.prompt_tokens])
        widths = torch.stack([lengths[index], prompt[batch.rollouts.group[index]]], dim=1)
        for start, end in spans(widths, self.optim.micro_batch_tokens):
            yield trim(batch.rows(index[start:end]))

    def state_dict(self) -> dict[str, Any]:
        """Optimiser state and the count of updates done."""
        return {"optimizer": self.optimizer.state_dict(), "done": self.updates_done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.updates_done = state["done"]


def learning_rate(optim: Optim, update: int, planned: int) -> float:
    """The rate of update number ``update`` (from 0) of ``planned``: linear warm-up, then constant,
    or down to 0 at the end, linearly or by half a cosine."""
    warm = optim.warmup_updates
    if update < warm:
        return optim.lr * (update + 1) / warm
    progress = (update - warm) / max(planned - warm, 1)
    shape = {
        "constant": 1.0,
        "linear": 1.0 - progress,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * progress)),
    }
    return optim.lr * shape[optim.schedule]


def forward_tokens(batch: Batch) -> int:
    """Tokens a forward pass over the batch reads: each group's prompt once, and the responses."""
    r = batch.rollouts
    prompts = sum(len(r.prompt_tokens[i]) for i in set(r.group.tolist()))
    return prompts + int(r.lengths.sum())


def trim(batch: Batch) -> Batch:
    """Drop columns that are padding in every row."""
    r = batch.rollouts
    width = max(int(r.lengths.max()), 1)
    r.tokens, r.mask = r.tokens[:, :width], r.mask[:, :width]
    r.logp, r.correction = r.logp[:, :width], r.correction[:, :width]
    return batch


def move(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors on a device."""
    if device.type == "cpu":
        return batch
    batch = batch.rows(torch.arange(len(batch)))
    r = batch.rollouts
    for name, value in vars(r).items():
        if isinstance(value, Tensor):
            setattr(r, name, value.to(device))
    batch.advantage, batch.weight = batch.advantage.to(device), batch.weight.to(device)
    return batch
