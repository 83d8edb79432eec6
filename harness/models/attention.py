"""Attention on the CPU for models whose query heads share key-value heads.

Transformers repeats keys and values for every query head whenever there is a mask. While decoding,
that copy costs more than everything else; PyTorch's own grouped attention does without it.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

NAME = "grouped_sdpa"


def grouped_sdpa(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention as transformers calls it.

    Args:
        query: (B, heads, T, d).   key, value: (B, kv heads, S, d).
        attention_mask: (B, 1, T, S) bool, or None for plain causal attention.

    Returns:
        (B, T, heads, d), and no weights.
    """
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


def implementation(device: torch.device) -> str | None:
    """What to ask of ``from_pretrained``; None leaves the choice to transformers."""
    if device.type != "cpu":
        return None
    AttentionInterface.register(NAME, grouped_sdpa)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME
