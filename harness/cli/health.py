"""Whether a run is well, in a few words: what a person would want to know before it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LOOK_BACK = 10
"""Recorded steps that are looked at."""

MANY = 0.5
"""Share of responses cut off at the length limit that is worth a word."""


def health(steps: Sequence[dict[str, Any]], prompts_per_step: int) -> str:
    """What ails the last steps; empty where nothing does.

    Args:
        steps: lines of steps.jsonl, oldest first.
        prompts_per_step: a pool smaller than this fills a batch with copies of its prompts.
    """
    last = steps[-LOOK_BACK:]
    words = []
    pool = last[-1].get("pool_size")
    if pool is not None and 0 < pool < prompts_per_step:
        words.append(f"pool of {pool} prompt{'s' * (pool > 1)}")
    without = [s for s in last if s.get("grad_norm") == 0]
    if without:
        words.append(f"no gradient in {len(without)} of {len(last)} steps")
    cut = sum(s.get("truncated", 0.0) for s in last) / len(last)
    if cut > MANY:
        words.append(f"{100 * cut:.0f} % cut off")
    return ", ".join(words)
