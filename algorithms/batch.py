"""The records that travel through a step. Every tensor's shape is said here, once.

Shape letters: P prompts (= groups), G responses a group, B responses (B = P·G for fresh rollouts),
T response tokens, right-padded to the longest response of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

LogProbs = Callable[["Rollouts"], Tensor]
"""(B, T) log-probabilities in nats of a record's tokens under the current policy, no gradient."""


@dataclass(frozen=True)
class PromptInfo:
    """What an algorithm may know of a prompt of the pool. kind: "math" or "code"."""

    id: str
    kind: str


@dataclass
class Rollouts:
    """Responses of the behaviour policy μ, group by group.

    prompts: P prompt ids, one a group.   prompt_tokens: P token lists.
    group: (B,) long, the index into ``prompts`` of each response.
    tokens: (B, T) long.   mask: (B, T) bool, True on generated tokens, the end token included.
    logp: (B, T) float, nats: log μ of each token under the sampling distribution; 0 on padding.
    truncated: (B,) bool, cut at the length limit.
    correction: (B, T) float ≥ 0: what each token's share of the objective is multiplied by, because
    the engine did not sample from μ exactly (``correction.weights``). Left out: 1.
    serial: (B,) long: the response's number in its run, from 0, whatever an algorithm does with it.
    Left out: −1, a response that no engine of this run has made.
    """

    prompts: list[str]
    prompt_tokens: list[list[int]]
    group: Tensor
    tokens: Tensor
    mask: Tensor
    logp: Tensor
    truncated: Tensor
    correction: Tensor = None  # type: ignore[assignment]
    serial: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.correction is None:
            self.correction = torch.ones_like(self.logp)
        if self.serial is None:
            self.serial = torch.full_like(self.group, -1)

    @property
    def lengths(self) -> Tensor:
        """(B,) long: response lengths |o_i| in tokens."""
        return self.mask.sum(dim=1)

    @property
    def has_gaps(self) -> bool:
        """Whether a mask leaves out a token before another: no model can read such a response."""
        mask = self.mask.bool()
        return bool((mask[:, 1:] & ~mask[:, :-1]).any())

    def __len__(self) -> int:
        return len(self.tokens)

    def copy(self) -> Rollouts:
        """The same record; what is written into one of the two is not in the other."""
        return deepcopy(self)

    def pick(self, index: Tensor) -> Rollouts:
        """The record of the given rows (long (b,)) and their prompts only, groups renumbered."""
        kept, group = torch.unique(self.group[index], return_inverse=True)
        return Rollouts(
            prompts=[self.prompts[g] for g in kept.tolist()],
            prompt_tokens=[self.prompt_tokens[g] for g in kept.tolist()],
            group=group,
            tokens=self.tokens[index],
            mask=self.mask[index],
            logp=self.logp[index],
            truncated=self.truncated[index],
            correction=self.correction[index],
            serial=self.serial[index],
        )

    def merged(self) -> Rollouts:
        """The same rows, all groups of one prompt as one group."""
        place = {prompt: i for i, prompt in enumerate(dict.fromkeys(self.prompts))}
        joined = torch.tensor([place[prompt] for prompt in self.prompts])
        tokens = dict(zip(reversed(self.prompts), reversed(self.prompt_tokens), strict=True))
        return replace(
            self,
            prompts=list(place),
            prompt_tokens=[tokens[prompt] for prompt in place],
            group=joined[self.group],
        )

    @staticmethod
    def concat(parts: Sequence[Rollouts]) -> Rollouts:
        """Join records row-wise; groups are renumbered, never merged."""
        width = max(part.tokens.shape[1] for part in parts)
        offsets = [0]
        for part in parts:
            offsets.append(offsets[-1] + len(part.prompts))
        return Rollouts(
            prompts=[p for part in parts for p in part.prompts],
            prompt_tokens=[p for part in parts for p in part.prompt_tokens],
            group=torch.cat([part.group + o for part, o in zip(parts, offsets, strict=False)]),
            tokens=torch.cat([_widen(part.tokens, width) for part in parts]),
            mask=torch.cat([_widen(part.mask, width) for part in parts]),
            logp=torch.cat([_widen(part.logp, width) for part in parts]),
            truncated=torch.cat([part.truncated for part in parts]),
            correction=torch.cat([_widen(part.correction, width) for part in parts]),
            serial=torch.cat([part.serial for part in parts]),
        )


@dataclass
class Grades:
    """What the graders say of the rollouts.

    reward: (B,) what is optimised.   accuracy: (B,) 0 or 1.   texts: the B responses as text.
    answers: what was extracted of each, None where nothing was.   fields: name -> (B,) float, what
    tasks and reward functions say beside. Left out: empty texts, no answers, no fields.
    """

    reward: Tensor
    accuracy: Tensor
    texts: list[str] = None  # type: ignore[assignment]
    answers: list[str | None] = None  # type: ignore[assignment]
    fields: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.texts is None:
            self.texts = [""] * len(self.reward)
        if self.answers is None:
            self.answers = [None] * len(self.reward)

    def pick(self, index: Tensor) -> Grades:
        """The grades of the given rows (long (b,))."""
        rows = index.tolist()
        return Grades(
            reward=self.reward[index],
            accuracy=self.accuracy[index],
            texts=[self.texts[row] for row in rows],
            answers=[self.answers[row] for row in rows],
            fields={name: values[index] for name, values in self.fields.items()},
        )

    @staticmethod
    def concat(parts: Sequence[Grades]) -> Grades:
        """Join records row-wise; a field that a part lacks is 0 there."""
        names = dict.fromkeys(name for part in parts for name in part.fields)
        return Grades(
            reward=torch.cat([part.reward for part in parts]),
            accuracy=torch.cat([part.accuracy for part in parts]),
            texts=[text for part in parts for text in part.texts],
            answers=[answer for part in parts for answer in part.answers],
            fields={
                name: torch.cat(
                    [part.fields.get(name, torch.zeros_like(part.reward)) for part in parts]
                )
                for name in names
            },
        )


@dataclass(frozen=True)
class Outputs:
    """What the policy says of a micro-batch beside its log-probs, with gradient, 0 on padding.

    entropy: (b, T) nats of the distribution each token was drawn from, a nucleus left out.
    hidden: (b, T, d) float, the last hidden state that predicts each token.
    """

    entropy: Tensor
    hidden: Tensor


@dataclass
class Batch:
    """What the learner trains on: rollouts (fresh, replayed or both) and what each is worth.

    advantage: (B,) float.   weight: (B,) float ≥ 0, each response's share; 0 leaves it out of loss
    *and* denominators.  metrics: plain numbers the algorithm wants recorded with the step.
    reward: (B,) float, where the algorithm made a reward of its own; it is recorded beside the one
    it was given.  costs: what ``weigh`` spent beside ``logp``, in the ledger's units
    (``flops``, ``verifier_calls``, ``tokens_generated`` …); it is booked.
    """

    rollouts: Rollouts
    advantage: Tensor
    weight: Tensor
    metrics: dict[str, float]
    reward: Tensor | None = None
    costs: dict[str, float] = field(default_factory=dict)
    outputs: Outputs | None = None
    """In ``loss``, where the algorithm's ``reads_outputs`` asks for them."""

    def __len__(self) -> int:
        return len(self.rollouts)

    def rows(self, index: Tensor) -> Batch:
        """The sub-batch of the given rows (long (b,))."""
        return replace(
            self,
            rollouts=self.rollouts.pick(index),
            advantage=self.advantage[index],
            weight=self.weight[index],
            reward=None if self.reward is None else self.reward[index],
        )


@dataclass(frozen=True)
class Totals:
    """A whole update's denominators, so that a loss summed over micro-batches does not depend on
    how the batch was cut.

    responses: Σ w_i.   tokens: Σ w_i |o_i|.   max_tokens: the length limit of a response.
    """

    responses: float
    tokens: float
    max_tokens: int

    @staticmethod
    def of(batch: Batch, max_tokens: int) -> Totals:
        """The denominators of one optimiser update."""
        return Totals(
            responses=float(batch.weight.sum()),
            tokens=float((batch.weight * batch.rollouts.lengths).sum()),
            max_tokens=max_tokens,
        )


def _widen(x: Tensor, width: int) -> Tensor:
    return torch.nn.functional.pad(x, (0, width - x.shape[1]))
