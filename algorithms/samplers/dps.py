"""DPS: a hidden Markov model a prompt predicts which ones will be partly solved."""

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

STATES = 3
"""All wrong, partly right, all right."""
PARTLY = 1


class DPSSettings(RankedSettings):
    """arXiv 2603.10887."""

    prior: float = setting(
        1.0, "α₀, pseudo-count of every transition between states", "arXiv 2603.10887", gt=0
    )
    decay: float = setting(
        0.7, "d, share of the counts that is left after a step", "its scripts for maths", ge=0, le=1
    )
    candidates: int = setting(
        32, "prompts looked at for each place in the batch", "its scripts for maths", ge=1
    )


class DPS(Ranked[DPSSettings]):
    """Dynamics-predictive sampling. Shapes: P prompts, K = 3 states (all wrong, partly, all right).

    The transition matrix has Dirichlet columns: α[:, to, from].
    """

    name = "dps"
    paper = "arXiv 2603.10887"
    changes = "asks the prompts that a hidden Markov model holds most likely to be partly solved"
    formula = (
        "E[Φ] = α / Σ_to α; observed: ξ ∝ E[Φ](observed, j) · b_j, b the belief before,\n"
        "α ← d α + (1 − d) α₀ + ξ, b ← the observed state; not asked: ξ = 0, b ← π;\n"
        "prediction π = E[Φ] b; choose the batch with the largest π(partly) of the candidates"
    )
    logs: ClassVar[Mapping[str, str]] = {
        "predicted_partly": "mean predicted chance, over the pool, that a group is mixed",
    }
    Settings = DPSSettings
    settings: DPSSettings

    def begin(self, prompts: int) -> None:
        """Transitions by the prior alone; every state as likely."""
        alpha = (prompts, STATES, STATES)
        self._alpha = torch.full(alpha, self.settings.prior, dtype=torch.float64)
        self._belief = torch.full((prompts, STATES), 1 / STATES, dtype=torch.float64)
        self._prediction = self._belief.clone()

    def score(self, rng: torch.Generator) -> Tensor:
        """(P,) the predicted probability of being partly solved."""
        return self._prediction[:, PARTLY]

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; every prompt's model goes a step on, with or without an outcome."""
        tallies = by_prompt(rollouts, grades)
        rows = self.places(list(tallies))
        state = torch.tensor([PARTLY if t.mixed else 2 * (t.correct > 0) for t in tallies.values()])
        seen = torch.nn.functional.one_hot(state, STATES).double()
        joint = seen[:, :, None] * transitions(self._alpha)[rows] * self._belief[rows][:, None, :]
        d = self.settings.decay
        self._alpha = d * self._alpha + (1 - d) * self.settings.prior
        self._alpha[rows] += joint / joint.sum(dim=(1, 2), keepdim=True)
        self._belief = self._prediction.clone()
        self._belief[rows] = seen
        self._prediction = (transitions(self._alpha) @ self._belief[:, :, None]).squeeze(2)
        return super().observe(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """predicted_partly: the mean prediction over the pool."""
        return {"predicted_partly": self._prediction[:, PARTLY].mean().item()}

    def state_dict(self) -> dict[str, Any]:
        """Every prompt's model."""
        return {"alpha": self._alpha, "belief": self._belief, "prediction": self._prediction}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._alpha, self._belief = state["alpha"], state["belief"]
        self._prediction = state["prediction"]


def transitions(alpha: Tensor) -> Tensor:
    """(P, K, K) E[Φ]: each column of Dirichlet counts over its sum."""
    return alpha / alpha.sum(dim=1, keepdim=True)
