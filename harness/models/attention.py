"""How a model attends: the fastest way that computes what its configuration says.

On the CPU this is PyTorch's grouped attention. Transformers repeats keys and values for every query
head whenever there is a mask; while decoding, that copy costs more than everything else.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

NAME = "grouped_sdpa"

ELSEWHERE = {
    *("sliding_window", "position_ids", "cache_position", "use_cache"),  # the mask holds them
    *("output_attentions", "output_router_logits", "logits_to_keep", "return_dict"),
}
"""Keywords that models hand on and that say nothing of the attention itself."""


def grouped_sdpa(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention as transformers calls it.

    Args:
        query: (B, heads, T, d).   key, value: (B, kv heads, S, d).
        attention_mask: (B, 1, T, S) bool, or None for plain causal attention.
        others: what is not known to be harmless here is refused: it would change the result.

    Returns:
        (B, T, heads, d), and no weights.
    """
    unread = [k for k, v in others.items() if v is not None and k not in ELSEWHERE]
    if unread:
        raise NotImplementedError(f"attention with {', '.join(unread)} is not known here")
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    out = F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=attention_mask,
        dropout_p=dropout,
        scale=scaling,
        is_causal=causal and attention_mask is None and query.shape[2] > 1,
        enable_gqa=True,
    )
    return out.transpose(1, 2).contiguous(), None


def implementation(kind: type[Any], config: Any, device: torch.device) -> str:
    """What to ask of ``from_pretrained`` for a model class.

    The model's own attention ("eager") where it goes through no interface, has no form as scaled
    dot products, or caps its scores, which scaled dot products would not do.
    """
    capped = getattr(config.get_text_config(), "attn_logit_softcapping", None)
    if capped or not uses_interface(kind):
        return "eager"
    if device.type != "cpu":
        return "sdpa"
    AttentionInterface.register(NAME, grouped_sdpa)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def uses_interface(kind: type[Any]) -> bool:
    """True where a class takes its attention from transformers' interface, masks included."""
    return bool(kind._supports_sdpa and kind._can_set_attn_implementation())
