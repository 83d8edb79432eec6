"""DAPO: decoupled clip and dynamic sampling."""

from __future__ import annotations

from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.grpo_token import GRPOToken, GRPOTokenSettings


class DAPOSettings(GRPOTokenSettings):
    """arXiv 2503.14476, section 4.1."""

    epsilon_low: float = setting(
        0.2, "ratios are clipped below 1 − epsilon_low", "arXiv 2503.14476", ge=0, le=1
    )
    epsilon_high: float = setting(
        0.28, "ratios are clipped above 1 + epsilon_high", "arXiv 2503.14476", ge=0
    )
    beta: float = setting(0.0, "weight β of the KL term; 0 leaves it out", "arXiv 2503.14476", ge=0)


class DAPO(GRPOToken):
    """grpo-token that clips higher, and dynamic sampling.

    The paper's soft punishment of long responses is left out: grpo-token's overlong rule stands for
    it, so that the two differ in clipping and sampling only.
    """

    name = "dapo"
    paper = "arXiv 2503.14476"
    changes = "grpo-token that clips higher and samples prompts until every group is mixed"
    formula = (
        "J = E[ 1/Σ_i |o_i| Σ_i Σ_t min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) ]\n"
        "over groups with 0 < number correct < G"
    )
    unpublished = {}  # noqa: RUF012  the paper gives both ε
    sampler = "dynamic"
    Settings = DAPOSettings
