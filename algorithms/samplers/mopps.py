"""MoPPS: Thompson sampling of success rates, the nearest to one half chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from srpo_bench.algorithms.base import setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Kept, More
from srpo_bench.algorithms.samplers.ranked import Ranked, RankedSettings
from srpo_bench.algorithms.samplers.tally import by_prompt


class MoPPSSettings(RankedSettings):
    """arXiv 2507.04632."""

    prior: float = setting(
        1.0, "α₀ = β₀, right and wrong responses taken for granted", "arXiv 2507.04632", gt=0
    )
    decay: float = setting(
        0.5,
        "λ, share of the counts that is left; 1: nothing is forgotten",
        "its scripts for Countdown and geometry; those for maths have 1",
        ge=0,
        le=1,
    )
    target: float = setting(
        0.5, "γ*, the success rate that is sought", "arXiv 2507.04632", ge=0, le=1
    )
    candidates: int = setting(
        8,
        "prompts looked at for each place in the batch",
        "its scripts for Countdown and geometry; those for maths have 16",
        ge=1,
    )


class MoPPS(Ranked[MoPPSSettings]):
    """Model-predictive prompt selection: a Beta posterior of every prompt's success rate."""

    name = "mopps"
    paper = "arXiv 2507.04632"
    changes = "asks the prompts whose success rate, drawn from its posterior, is nearest to 1/2"
    formula = (
        "asked, s of n right: α ← λ α + (1 − λ) α₀ + s, β ← λ β + (1 − λ) β₀ + n − s;\n"
        "draw γ̂ ~ Beta(α, β); choose the batch with the smallest (γ̂ − γ*)² of the candidates"
    )
    logs: ClassVar[Mapping[str, str]] = {
        "expected_rate": "mean success rate of the posteriors, over the pool",
    }
    Settings = MoPPSSettings
    settings: MoPPSSettings

    def begin(self, prompts: int) -> None:
        """Every prompt's posterior is the prior."""
        self._counts = torch.full((prompts, 2), self.settings.prior, dtype=torch.float64)

    def score(self, rng: torch.Generator) -> Tensor:
        """(P,) −(γ̂ − γ*)², γ̂ drawn anew."""
        gamma = torch._standard_gamma(self._counts, generator=rng)
        rate = gamma[:, 0] / gamma.sum(dim=1)  # Beta(α, β) as a ratio of Gamma draws
        return -(rate - self.settings.target).square()

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; the posteriors of the prompts that were asked are brought on."""
        tallies = by_prompt(rollouts, grades)
        rows, d = self.places(list(tallies)), self.settings.decay
        new = torch.tensor([[t.correct, t.total - t.correct] for t in tallies.values()]).double()
        self._counts[rows] = d * self._counts[rows] + (1 - d) * self.settings.prior + new
        return super().observe(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """expected_rate: the posteriors' mean success rate over the pool."""
        return {"expected_rate": (self._counts[:, 0] / self._counts.sum(dim=1)).mean().item()}

    def state_dict(self) -> dict[str, Any]:
        """Every prompt's posterior: α and β."""
        return {"counts": self._counts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._counts = state["counts"]
