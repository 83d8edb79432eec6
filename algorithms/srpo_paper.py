"""SRPO, the paper: two-Staged history-Resampling Policy Optimization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from srpo_bench.algorithms.grpo_token import GRPOToken


class SRPOPaper(GRPOToken):
    """grpo-token's loss on prompts that history resampling chooses, in two stages."""

    name = "srpo-paper"
    paper = "arXiv 2504.14286"
    changes = "grpo-token with history resampling, and math alone before math and code"
    formula = "grpo-token's J, on what the sampler history chooses, its two stages on"
    sampler = "history"
    sampler_settings: ClassVar[Mapping[str, Any]] = {"stage_one_epochs": 2}
