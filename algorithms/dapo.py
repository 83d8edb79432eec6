"""DAPO: decoupled clip and dynamic sampling."""

from __future__ import annotations

from dataclasses import replace

import torch

from srpo_bench.algorithms.advantage import is_constant
from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, More, Rollouts
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
    max_rounds: int = setting(
        10, "rounds of generation in a step, the first included", "verl's DAPO recipe", ge=1
    )


class DAPO(GRPOToken):
    """grpo-token that clips higher and generates until the batch holds only mixed groups.

    Whole rounds are generated, as in verl's recipe, and the surplus is discarded (and booked). The
    paper's soft punishment of long responses is left out: grpo-token's overlong rule stands for it,
    so that the two differ in clipping and sampling only.
    """

    name = "dapo"
    paper = "arXiv 2503.14476"
    changes = "grpo-token that clips higher and samples prompts until every group is mixed"
    formula = (
        "J = E[ 1/Σ_i |o_i| Σ_i Σ_t min(ρ A_i, clip(ρ, 1−ε_low, 1+ε_high) A_i) ]\n"
        "over groups with 0 < number correct < G"
    )
    unpublished = {}  # noqa: RUF012  the paper gives both ε
    Settings = DAPOSettings
    settings: DAPOSettings

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch | More:
        """The first mixed groups, a batch of them; or more prompts, up to the bound."""
        wanted, seen = self.info.prompts_per_step, len(rollouts.prompts)
        rounds = seen // wanted
        mixed = torch.unique(rollouts.group[~is_constant(grades.accuracy, rollouts.group)])
        if len(mixed) < wanted and rounds < self.settings.max_rounds:
            return More(wanted)
        batch = super().weigh(rollouts, grades, logp, rng)
        assert isinstance(batch, Batch)
        # With no mixed group at all the first batch stands in; its advantages are mostly 0.
        kept = mixed[:wanted] if len(mixed) else torch.arange(wanted)
        rows = torch.isin(rollouts.group, kept).nonzero().squeeze(1)
        return replace(
            batch,
            rollouts=rollouts.pick(rows),
            advantage=batch.advantage[rows],
            weight=batch.weight[rows],
            metrics=batch.metrics | {"rounds": rounds, "groups_discarded": seen - len(kept)},
        )
