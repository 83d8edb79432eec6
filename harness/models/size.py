"""How many of a model's parameters take part in a token's matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

CHOSEN = ("num_experts_per_tok", "moe_topk", "top_k_experts", "moe_k")
"""What configurations call the number of experts that a token is sent to."""
THERE = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
"""What they call the number of experts that there are."""


def per_token(model: Any) -> int:
    """N of the 2N FLOPs rule: of a layer's experts as many as a token is sent to; shared experts,
    routers and dense layers whole; tables that are only read (tokens, positions) not at all."""
    head = model.get_output_embeddings()
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    read_only = tables - {id(getattr(head, "weight", None))}
    count: int = sum(p.numel() for p in model.parameters() if id(p) not in read_only)
    chosen = experts_per_token(model.config)
    if chosen is None:
        return count
    for experts in _experts(model):
        for weight in experts.parameters():  # (experts, …)
            count -= weight.numel() // len(weight) * max(len(weight) - chosen, 0)
    return count


def experts_per_token(config: Any) -> int | None:
    """How many experts of a layer a token is sent to; None where the configuration does not say,
    or where it may be sent to none (LongCat's experts that do nothing)."""
    text = config.get_text_config()
    if getattr(text, "zero_expert_num", None):
        return None
    numbers = (getattr(text, name, None) for name in CHOSEN)
    return next((k for k in numbers if isinstance(k, int)), None)


def experts_note(config: Any) -> str | None:
    """What a reader of FLOPs should know where experts are not told apart."""
    text = config.get_text_config()
    several = any((getattr(text, name, None) or 0) > 1 for name in THERE)
    if not several or experts_per_token(config) is not None:
        return None
    return "The model's configuration does not say how many experts a token takes: FLOPs count all."


def _experts(model: Any) -> Iterator[Any]:
    """The modules that hold the weights of experts among which a router chooses."""
    for name, module in model.named_modules():
        kind = type(module).__name__
        if name.rpartition(".")[2] == "experts" or kind.endswith("ParallelExperts"):
            yield module
