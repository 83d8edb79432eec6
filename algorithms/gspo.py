"""GSPO: Group Sequence Policy Optimization."""

from __future__ import annotations

from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.grpo import GRPO, GRPOSettings
from srpo_bench.algorithms.surrogate import sequence_ratio


class GSPOSettings(GRPOSettings):
    """arXiv 2507.18071, section 5.1. The ratio is a mean's, so its clip range is far narrower."""

    epsilon_low: float = setting(
        3e-4, "ratios are clipped below 1 − epsilon_low", "arXiv 2507.18071", ge=0, le=1
    )
    epsilon_high: float = setting(
        4e-4, "ratios are clipped above 1 + epsilon_high", "arXiv 2507.18071", ge=0
    )
    beta: float = setting(
        0.0, "weight β of the KL term; 0 leaves it out", "its authors, verl#2775", ge=0
    )


class GSPO(GRPO):
    """GRPO with one ratio for a response instead of one for each token."""

    name = "gspo"
    paper = "arXiv 2507.18071"
    changes = "grpo with one ratio for a whole response, clipped much tighter, and no KL term"
    formula = (
        "J = E[ 1/G Σ_i min(s_i A_i, clip(s_i, 1−ε_low, 1+ε_high) A_i) ]\n"
        "s_i = exp(1/|o_i| Σ_t log(π/μ)); A_i as in grpo"
    )
    unpublished = {}  # noqa: RUF012  the paper gives both ε
    exact_ratio = True
    Settings = GSPOSettings
    ratio = staticmethod(sequence_ratio)
