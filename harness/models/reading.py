"""How a model reads a batch: prompts once, their keys and values shared by the responses.

Where the model keeps something else than keys and values of all that came before, the batch is laid
out so that it is right all the same (``Layout``). Nothing here knows of sampling.
"""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.attention import uses_interface


class Layout(Enum):
    """Where the padding of unlike prompts goes.

    RIGHT: behind the prompts, masked; right where masks are all that hides it.
    LEFT: before them, so that slots lie as far apart as positions: windows and distances count
    slots. WHOLE: nowhere; a state has read whatever stood before it, so nothing is shared, and each
    row is read from its first token on, padded behind its last.
    """

    RIGHT = "right"
    LEFT = "left"
    WHOLE = "whole"


def layout_of(model: Any) -> Layout:
    """The layout that is right for a model, by what its cache is made of.

    Raises:
        UserError: it keeps a state outside of its cache.
    """
    layers = {type(layer) for layer in DynamicCache(config=model.config).layers}
    plain = layers <= {DynamicLayer, DynamicSlidingWindowLayer}
    name = type(model).__name__
    if cache_keyword(model) is None or (plain and model._is_stateful):
        raise UserError(
            f"{name} keeps a state that no cache of transformers holds, so its responses cannot "
            "be sampled here."
        )
    if not plain:
        return Layout.WHOLE
    return Layout.RIGHT if layers == {DynamicLayer} and uses_interface(type(model)) else Layout.LEFT


def cache_keyword(model: Any) -> str | None:
    """The name by which a model takes its cache; None where it takes none."""
    names = ("past_key_values", "cache_params")
    return next((name for name in names if takes(model, name)), None)


def takes(model: Any, keyword: str) -> bool:
    """True where a model's forward has the keyword."""
    return keyword in inspect.signature(model.forward).parameters


def prefill(
    model: Any, prompts: list[list[int]], cache: Any, layout: Layout, device: torch.device
) -> Tensor:
    """Run all but the last token of each prompt into ``cache``, one row a prompt.

    The last token is left to the next forward pass, which then yields the first response token's
    logits for every row without a special case. In ``Layout.WHOLE`` prompts must be equally long.

    Returns:
        (P, L) bool, the cache's mask.
    """
    width = max(len(p) for p in prompts) - 1
    ids = torch.zeros((len(prompts), width), dtype=torch.long)
    mask = torch.zeros((len(prompts), width), dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        start = width - (len(prompt) - 1) if layout is Layout.LEFT else 0
        ids[row, start : start + len(prompt) - 1] = torch.tensor(prompt[:-1])
        mask[row, start : start + len(prompt) - 1] = True
    ids, mask = ids.to(device), mask.to(device)
    arguments = {str(cache_keyword(model)): cache, "use_cache": True}
    if layout is not Layout.WHOLE:
        arguments["attention_mask"] = mask.long()
    if layout is Layout.LEFT:
        arguments["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
    if width:
        model.base_model(input_ids=ids, **arguments)
    return mask


def respond(
    model: Any, body: Any, rollouts: Rollouts, layout: Layout, device: torch.device
) -> Tensor:
    """What ``body`` puts out at the positions that predict each response token.

    Args:
        body: ``model`` itself, for logits, or its ``base_model``, for last hidden states.

    Returns:
        (B, T, V) or (B, T, d).
    """
    if layout is Layout.WHOLE:
        return _from_the_start(body, rollouts, device)
    used, local = torch.unique(rollouts.group, return_inverse=True)
    prompts = [rollouts.prompt_tokens[i] for i in used.tolist()]
    cache = DynamicCache(config=model.config)
    prompt_mask = prefill(model, prompts, cache, layout, device)
    local = local.to(device)
    for layer in cache.layers:
        layer.batch_select_indices(local)
    last = torch.tensor([p[-1] for p in prompts], device=device)[local]
    inputs = torch.cat([last[:, None], rollouts.tokens[:, :-1].to(device)], dim=1)
    first = torch.ones_like(last, dtype=torch.bool)[:, None]
    mask = torch.cat([first, rollouts.mask[:, :-1].to(device)], dim=1)
    prompt_mask = prompt_mask[local]
    positions = prompt_mask.sum(1, keepdim=True) + torch.arange(inputs.shape[1], device=device)
    return _first(
        body(
            input_ids=inputs,
            attention_mask=torch.cat([prompt_mask, mask], dim=1).long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
    )


def _from_the_start(body: Any, rollouts: Rollouts, device: torch.device) -> Tensor:
    """Each row's prompt and response in one pass without a cache, padded behind."""
    prompts = [rollouts.prompt_tokens[g] for g in rollouts.group.tolist()]
    lengths = torch.tensor([len(p) for p in prompts])
    rows, width = rollouts.tokens.shape
    ids = torch.zeros((rows, int(lengths.max()) + width - 1), dtype=torch.long)
    at = lengths[:, None] - 1 + torch.arange(width)  # (B, T): where each response token is said
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.tensor(prompt)
    ids.scatter_(1, at[:, 1:], rollouts.tokens[:, :-1])
    out = _first(body(input_ids=ids.to(device), use_cache=False))
    return out.gather(1, at.to(device)[:, :, None].expand(-1, -1, out.shape[2]))


def _first(out: Any) -> Tensor:
    """Logits, or the last hidden states where there are none."""
    first: Tensor = out.logits if "logits" in out else out.last_hidden_state
    return first
