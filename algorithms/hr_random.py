"""History resampling without its signal: as many prompts leave, but any prompts."""

from __future__ import annotations

import torch

from srpo_bench.algorithms.order import shuffled
from srpo_bench.algorithms.srpo_paper import SRPOPaper


class HRRandom(SRPOPaper):
    """What a shrinking pool does by itself. srpo-paper must beat it for its signal to matter."""

    name = "hr-random"
    paper = "this project"
    changes = "srpo-paper that drops the same number of prompts at a boundary, chosen at random"
    formula = "grpo-token's J; at an epoch's end drop as many prompts as were solved, at random"

    def to_drop(self, rng: torch.Generator) -> list[str]:
        """As many as history resampling would, whichever they are."""
        count = len(super().to_drop(rng))
        return shuffled(self.order.pool, rng)[:count] if count else []
