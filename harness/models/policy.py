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
from torch.utils.checkpoint import checkpoint

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.machine import pick_device
from srpo_bench.tasks.base import Prompt

LOGITS_AT_ONCE = 2**24
"""Numbers in a tensor of logits (64 MiB). Where there are more they are made in pieces, so that a
vocabulary of 50,000 is held for some 340 tokens at a time instead of a whole micro-batch."""


@dataclass
class Policy:
    """A causal language model and what is needed to speak with it."""

    model: Any
    tokenizer: Any
    device: torch.device
    dtype: torch.dtype
    temperature: float
    top_p: float

    @property
    def end_tokens(self) -> list[int]:
        """Token ids that end a response."""
        ends = self.model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return sorted({e for e in [*ends, self.tokenizer.eos_token_id] if e is not None})

    @property
    def parameters(self) -> int:
        """Parameters that take part in a token's matrix products (N of the 2N FLOPs rule)."""
        count = sum(p.numel() for p in self.model.parameters())
        if not getattr(self.model.config, "tie_word_embeddings", False):
            count -= self.model.get_input_embeddings().weight.numel()
        return int(count)

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, without an end token behind plain text."""
        ids = encode(self.tokenizer, prompt)
        ended = isinstance(prompt, str) and len(ids) > 1 and ids[-1] in self.end_tokens
        return ids[:-1] if ended else ids

    def decode(self, tokens: list[int]) -> str:
        """Text of a response without its end token."""
        return str(
            self.tokenizer.decode(
                tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )

    @cached_property
    def has_plain_head(self) -> bool:
        """True when logits are the output embedding of the last hidden states and nothing more.
        Some models scale or cap them."""
        ids = torch.tensor([[self.end_tokens[0]]], device=self.device)
        with torch.no_grad(), self.autocast():
            logits = self.model(input_ids=ids).logits
            states = self.model.base_model(input_ids=ids).last_hidden_state
            plain = self.model.get_output_embeddings()(states)
        return torch.allclose(logits.float(), plain.float(), rtol=1e-5)

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
        tokens, mask = rollouts.tokens.to(self.device), rollouts.mask.to(self.device)
        size = tokens.numel() * self.model.config.get_text_config().vocab_size
        if size > LOGITS_AT_ONCE and self.has_plain_head:
            states = _respond(self, rollouts, self.model.base_model).last_hidden_state
            logp = _logp_in_pieces(self, states[mask], tokens[mask])
            return torch.zeros(mask.shape, device=self.device).masked_scatter(mask, logp)
        logits = _respond(self, rollouts, self.model).logits.float()
        logp = sampling_logp(logits, tokens, self.temperature, self.top_p)
        return logp.masked_fill(~mask, 0.0)

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


def encode(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Token ids of a prompt; a list of turns goes through the chat template."""
    if isinstance(prompt, str):
        return list(tokenizer(prompt)["input_ids"])
    ids = tokenizer.apply_chat_template(
        prompt, add_generation_prompt=True, tokenize=True, return_dict=True
    )["input_ids"]
    return list(ids)


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


def _respond(policy: Policy, rollouts: Rollouts, model: Any) -> Any:
    """What ``model``, the policy's whole one or its body, puts out at the (B, T) positions that
    predict each response token."""
    used, local = torch.unique(rollouts.group, return_inverse=True)
    prompts = [rollouts.prompt_tokens[i] for i in used.tolist()]
    device = policy.device
    with policy.autocast():
        cache, prompt_mask = prefill(policy, prompts)
        local = local.to(device)
        for layer in cache.layers:
            layer.batch_select_indices(local)
        last = torch.tensor([p[-1] for p in prompts], device=device)[local]
        inputs = torch.cat([last[:, None], rollouts.tokens[:, :-1].to(device)], dim=1)
        first = torch.ones_like(last, dtype=torch.bool)[:, None]
        mask = torch.cat([first, rollouts.mask[:, :-1].to(device)], dim=1)
        prompt_mask = prompt_mask[local]
        positions = prompt_mask.sum(1, keepdim=True) + torch.arange(inputs.shape[1], device=device)
        return model(
            input_ids=inputs,
            attention_mask=torch.cat([prompt_mask, mask], dim=1).long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )


def _logp_in_pieces(policy: Policy, states: Tensor, tokens: Tensor) -> Tensor:
    """(n,) log-probs from last hidden states (n, d). Logits are made a piece at a time, dropped,
    and made again on the way back."""
    head = policy.model.get_output_embeddings()

    def piece(states: Tensor, tokens: Tensor) -> Tensor:
        with policy.autocast():
            logits = head(states).float()
        return sampling_logp(logits, tokens, policy.temperature, policy.top_p)

    rows = max(LOGITS_AT_ONCE // head.out_features, 1)
    parts = zip(torch.split(states, rows), torch.split(tokens, rows), strict=True)
    return torch.cat([checkpoint(piece, s, t, use_reentrant=False) for s, t in parts])


def prefill(policy: Policy, prompts: list[list[int]], cache: Any = None) -> tuple[Any, Tensor]:
    """Run all but the last token of each prompt, right-padded.

    The last token is left to the next forward pass, which then yields the first response token's
    logits for every row without a special case.

    Returns:
        The key-value cache, one row a prompt, and its mask (P, L) bool.
    """
    from transformers import DynamicCache

    width = max(len(p) for p in prompts) - 1
    ids = torch.zeros((len(prompts), width), dtype=torch.long)
    mask = torch.zeros((len(prompts), width), dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt) - 1] = torch.tensor(prompt[:-1])
        mask[row, : len(prompt) - 1] = True
    ids, mask = ids.to(policy.device), mask.to(policy.device)
    cache = DynamicCache(config=policy.model.config) if cache is None else cache
    if width:
        policy.model.base_model(
            input_ids=ids, attention_mask=mask.long(), past_key_values=cache, use_cache=True
        )
    return cache, mask


def sampling_logp(logits: Tensor, tokens: Tensor, temperature: float, top_p: float) -> Tensor:
    """(…) nats: log-prob of ``tokens`` (…) under the distribution that ``logits`` (…, V) sample
    from at this temperature and nucleus. The token itself always counts as in the nucleus, so that
    the value stays finite after the policy has moved."""
    scaled = logits / temperature
    picked = scaled.gather(-1, tokens[..., None]).squeeze(-1)
    if top_p < 1:
        keep = nucleus(scaled, top_p).scatter(-1, tokens[..., None], True)
        scaled = scaled.masked_fill(~keep, float("-inf"))
    return picked - scaled.logsumexp(-1)


def nucleus(scaled: Tensor, top_p: float) -> Tensor:
    """(…, V) bool: the smallest set of tokens whose probability reaches ``top_p``
    (Holtzman et al. 2020, arXiv 1904.09751)."""
    probs, order = scaled.softmax(-1).sort(dim=-1, descending=True, stable=True)
    keep = probs.cumsum(-1) - probs < top_p
    return torch.zeros_like(keep).scatter(-1, order, keep)


def load_policy(
    folder: Path, dtype: str, device: str, temperature: float = 1.0, top_p: float = 1.0
) -> Policy:
    """Open a Hugging Face folder with float32 weights, ready to be trained."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from srpo_bench.harness.models.attention import implementation

    logging.disable_progress_bar()
    where = pick_device(device)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=implementation(where)
    )
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model.to(where).eval()  # dropout off in training too: ratios must start at 1
    return Policy(
        model=model,
        tokenizer=tokenizer,
        device=where,
        dtype=getattr(torch, dtype),
        temperature=temperature,
        top_p=top_p,
    )
