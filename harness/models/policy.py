"""A policy: model, tokenizer, and the log-probabilities of its responses.

The response's log-probs under the *sampling distribution* (temperature and nucleus applied) are
what both the engine records and the learner recomputes, so an importance ratio starts at 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Outputs, Rollouts
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.machine import pick_device
from srpo_bench.harness.models.distribution import entropy, sampling_logp
from srpo_bench.harness.models.ending import end_tokens
from srpo_bench.harness.models.head import LOGITS_AT_ONCE, Head, head_of, logp_in_pieces
from srpo_bench.harness.models.llama import Llama, recognise
from srpo_bench.harness.models.loading import open_model, open_tokenizer
from srpo_bench.harness.models.packing import pack
from srpo_bench.harness.models.reading import Layout, layout_of, respond
from srpo_bench.harness.models.size import per_token
from srpo_bench.harness.models.text import Decoder, encode
from srpo_bench.tasks.base import Prompt


@dataclass
class Policy:
    """A causal language model and what is needed to speak with it.

    chat: whether prompts are turns of a chat, so that the end of a turn ends a response.
    """

    model: Any
    tokenizer: Any
    device: torch.device
    dtype: torch.dtype
    temperature: float
    top_p: float
    chat: bool = False

    @property
    def end_tokens(self) -> list[int]:
        """Token ids that end a response."""
        return end_tokens(self.model.generation_config, self.tokenizer, self.chat)

    @property
    def parameters(self) -> int:
        """Parameters that take part in a token's matrix products (N of the 2N FLOPs rule)."""
        return per_token(self.model)

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, without an end token behind plain text."""
        return encode(self.tokenizer, prompt)

    @cached_property
    def decode(self) -> Decoder:
        """Text of a response's tokens, without special ones."""
        return Decoder(self.tokenizer)

    @property
    def body(self) -> Any:
        """The model without its head."""
        base = self.model.base_model  # a model whose prefix names nothing is its own (Llama 4)
        return getattr(self.model, "model", base) if base is self.model else base

    @cached_property
    def layout(self) -> Layout:
        """How the model must read a batch."""
        return layout_of(self.model)

    @cached_property
    def head(self) -> Head | None:
        """What makes logits of last hidden states; None where it is not understood."""
        return head_of(self.model, self.body, self.device)

    @cached_property
    def llama(self) -> Llama | None:
        """The model's fast view, where it has one: in float32, and on a CPU in bfloat16 too.

        On an accelerator attention in bfloat16 has kernels that the model's own modules reach.
        """
        dtypes = [torch.float32, *([torch.bfloat16] if self.device.type == "cpu" else [])]
        return recognise(self.model, self.dtype) if self.dtype in dtypes else None

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Compute in the policy's dtype; weights stay in float32."""
        enabled = self.dtype != torch.float32
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=enabled):
            yield

    def logp(self, rollouts: Rollouts) -> Tensor:
        """(B, T) nats: log π of each response token, 0 on padding. Differentiable.

        Each group's prompt is run once and its keys and values are shared by the group's responses;
        logits exist for response positions only.
        """
        if self.llama is not None:
            return self._packed_logp(self.llama, rollouts)
        tokens, mask = rollouts.tokens.to(self.device), rollouts.mask.to(self.device)
        with self.autocast():
            if self._many_logits(rollouts) and self.head is not None:
                states = respond(self.model, self.body, rollouts, self.layout, self.device)[mask]
                logp = logp_in_pieces(self.head, states, tokens[mask], self.dtype, self._of_logits)
                return torch.zeros(mask.shape, device=self.device).masked_scatter(mask, logp)
            logits = respond(self.model, self.model, rollouts, self.layout, self.device).float()
        return self._of_logits(logits, tokens).masked_fill(~mask, 0.0)

    def _packed_logp(self, llama: Llama, rollouts: Rollouts) -> Tensor:
        written = rollouts.lengths > 0
        if not written.any():
            return torch.zeros(rollouts.mask.shape, device=self.device)
        used, group = torch.unique(rollouts.group[written], return_inverse=True)
        prompts = [rollouts.prompt_tokens[i] for i in used.tolist()]
        lengths = rollouts.lengths[written]
        states = llama.states(pack(prompts, group, rollouts.tokens[written], lengths))
        tokens, mask = rollouts.tokens.to(self.device), rollouts.mask.to(self.device)
        logp = logp_in_pieces(
            Head(self.model.lm_head), states, tokens[mask], self.dtype, self._of_logits
        )
        return torch.zeros(mask.shape, device=self.device).masked_scatter(mask, logp)

    def outputs(self, rollouts: Rollouts) -> tuple[Tensor, Outputs]:
        """``logp``, and what a method may ask for beside it; one more product with the head.

        Raises:
            RunError: the model's head is not understood, so its hidden states say nothing.
        """
        if self.head is None:
            raise RunError("This model's head is not understood, so there are no outputs to read.")
        tokens, mask = rollouts.tokens.to(self.device), rollouts.mask.to(self.device)
        with self.autocast():
            states = respond(self.model, self.body, rollouts, self.layout, self.device)
            read = (
                logp_in_pieces(self.head, states[mask], tokens[mask], self.dtype, of)
                for of in (self._of_logits, lambda logits, _: entropy(logits, self.temperature))
            )
            blank = torch.zeros(mask.shape, device=self.device)
            logp, entropies = (blank.masked_scatter(mask, values) for values in read)
        return logp, Outputs(entropies, states.float() * mask[..., None])

    def _of_logits(self, logits: Tensor, tokens: Tensor) -> Tensor:
        return sampling_logp(logits, tokens, self.temperature, self.top_p)

    def _many_logits(self, rollouts: Rollouts) -> bool:
        """True when the batch's logits are better made in pieces."""
        rows, width = rollouts.tokens.shape
        if self.layout is Layout.WHOLE:  # it makes logits of the prompt as well
            width += max(map(len, rollouts.prompt_tokens))
        numbers = rows * width * self.model.config.get_text_config().vocab_size
        return bool(numbers > LOGITS_AT_ONCE[self.device.type])

    @torch.no_grad()
    def logp_of(self, rollouts: Rollouts, tokens_at_once: int) -> Tensor:
        """``logp`` without gradient, on the CPU, in chunks of so many padded tokens."""
        prompt = torch.tensor([len(p) for p in rollouts.prompt_tokens])
        widths = torch.stack(
            [torch.full_like(rollouts.group, rollouts.tokens.shape[1]), prompt[rollouts.group]], 1
        )
        parts = [
            self.logp(rollouts.pick(torch.arange(start, end))).cpu()
            for start, end in spans(widths, tokens_at_once)
        ]
        return torch.cat(parts) if parts else torch.zeros_like(rollouts.logp)


def spans(widths: Tensor, budget: int) -> Iterator[tuple[int, int]]:
    """Cut consecutive rows so that a padded chunk stays within a budget of tokens; a row that is
    larger stands alone. widths: (n, 2) long, response and prompt lengths, padded each on its own.
    """
    start, widest = 0, (0, 0)
    for i, (response, prompt) in enumerate(widths.tolist()):
        wide = (max(widest[0], response), max(widest[1], prompt))
        if i > start and sum(wide) * (i + 1 - start) > budget:
            yield start, i
            start, wide = i, (response, prompt)
        widest = wide
    if start < len(widths):
        yield start, len(widths)


def load_policy(
    folder: Path, dtype: str, device: str, temperature: float = 1.0, top_p: float = 1.0
) -> Policy:
    """Open a Hugging Face folder with float32 weights, ready to be trained.

    Raises:
        UserError: no such device, or a folder that is not whole.
    """
    where = pick_device(device)
    policy = Policy(
        model=open_model(folder, where),
        tokenizer=open_tokenizer(folder),
        device=where,
        dtype=getattr(torch, dtype),
        temperature=temperature,
        top_p=top_p,
    )
    _ = policy.layout  # refuses, now, a model that cannot be read
    return policy
