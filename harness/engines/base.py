"""The seam between the loop and whatever generates responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How to sample, the same words for every engine. Temperature 0 is greedy."""

    temperature: float
    top_p: float
    max_new_tokens: int


@dataclass
class Completions:
    """n responses a prompt, prompt by prompt: row p·n + j is the j-th response to prompt p.

    tokens: (B, T) long.   mask: (B, T) bool.   logp: (B, T) nats under the sampling distribution.
    truncated: (B,) bool, ended by the length limit.
    """

    tokens: Tensor
    mask: Tensor
    logp: Tensor
    truncated: Tensor


Listener = Callable[[list[int], list[list[int]]], None]
"""Called with the rows of responses that have ended, and their tokens."""


class Engine(Protocol):
    """Generates responses with the current policy.

    shares_weights: True when it reads the learner's own weights in the learner's own arithmetic.
    Otherwise every step compares its log-probs with the learner's, which costs a forward pass.
    positions_at_once: the most rows × positions, prompt and response, that it decodes together;
    None: no bound but that of rows. An engine that sees to its memory itself takes no notice.
    """

    shares_weights: bool
    positions_at_once: int | None

    def generate(
        self,
        prompts: Sequence[list[int]],
        n: int,
        sampling: Sampling,
        generator: torch.Generator,
        stops: Sequence[tuple[str, ...]] = (),
        ended: Listener | None = None,
    ) -> Completions:
        """Sample ``n`` responses to each prompt; the same generator state gives the same bits.

        Args:
            stops: a prompt, the strings that end a response to it; empty for none at all.
            ended: an engine that knows it before it returns says here which responses have ended.
        """
        ...

    def skip(self, prompts: int, n: int, sampling: Sampling, generator: torch.Generator) -> None:
        """Move the generator on by what ``generate`` draws for so many prompts."""
        ...

    def sync(self) -> None:
        """Bring the engine's weights up to the learner's after an update."""
        ...

    def close(self) -> None:
        """Free what the engine holds; a later ``sync`` or ``generate`` takes it again."""
        ...
