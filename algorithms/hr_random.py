"""History resampling without its signal: a pool that shrinks as prompts are solved, of any."""

from __future__ import annotations

from srpo_bench.algorithms.srpo_paper import SRPOPaper


class HRRandom(SRPOPaper):
    """What a shrinking pool does by itself. srpo-paper must beat it for its signal to matter."""

    name = "hr-random"
    paper = "this project"
    changes = "srpo-paper whose pool shrinks as prompts are solved, but of prompts at random"
    formula = "grpo-token's J, on what the sampler history-random chooses, its two stages on"
    sampler = "history-random"
