"""How many tokens a model reads at most, prompt and response together."""

from __future__ import annotations

from typing import Any

CHANGING = ("dynamic", "longrope")
"""Rotary embeddings whose angles depend on how long the text is."""


def context_of(config: Any) -> int | None:
    """Tokens up to which a model's positions mean the same; None where there is no limit.

    A rotary embedding that changes with the length of the text would give a token another
    log-prob in a longer batch, so the length at which it changes is the limit.
    """
    text = config.get_text_config()
    limits = [getattr(text, "max_position_embeddings", None)]
    ropes = getattr(text, "rope_parameters", None) or {}
    for rope in [ropes, *(r for r in ropes.values() if isinstance(r, dict))]:
        if rope.get("rope_type") in CHANGING:
            limits.append(rope.get("original_max_position_embeddings"))
    stated = [n for n in limits if n]
    return min(stated) if stated else None
