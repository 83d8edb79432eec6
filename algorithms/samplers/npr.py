"""No positive resampling: prompts whose pass rate has reached a threshold leave for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch

from srpo_bench.algorithms.base import RunInfo, Settings, Wait, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.algorithms.samplers.tally import by_prompt


class NPRSettings(Settings):
    """Which rate is looked at, and what it is held against."""

    threshold: float = setting(
        0.9, "pass rate from which a prompt leaves", "arXiv 2510.13786, section 3.2", gt=0, le=1
    )
    rate: Literal["history", "last"] = setting(
        "history",
        "history: over all responses so far; last: of the last step that had the prompt",
        "arXiv 2510.13786; last is TRL's reading",
    )
    min_steps: int = setting(1, "steps that had a prompt before it can leave", "unpublished", ge=1)


class NPR(Shuffled[NPRSettings]):
    """SRPO's history resampling with a threshold, as POLARIS and ScaleRL use it.

    Where nobody is left all return, rather than training stop.
    """

    name = "npr"
    paper = "POLARIS, 2025; arXiv 2510.13786"
    changes = "at an epoch's end drops the prompts whose pass rate has reached a threshold"
    formula = "the next epoch's pool: the prompts with pass rate < threshold, or all where none is"
    unpublished: ClassVar[dict[str, str]] = {
        "min_steps": "neither paper asks for more than one look; a later code waits for four"
    }
    logs: ClassVar[Mapping[str, str]] = {
        "dropped": "prompts of the pool that are left out",
        "pool_readmitted": "how often nobody was left and all came back",
    }
    Settings = NPRSettings
    settings: NPRSettings

    def __init__(self, settings: NPRSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._seen: dict[str, list[int]] = {}  # prompt -> right, responses, steps
        self._readmitted = 0

    @property
    def waits_for(self) -> list[Wait]:
        """An epoch's end with a prompt whose pass rate has reached the threshold."""
        s = self.settings
        over: Literal["epoch", "history"] = "history" if s.rate == "history" else "epoch"
        drops = Wait(event="epoch-boundary-with-solved-prompt", rate=s.threshold, over=over)
        return [drops if s.min_steps == 1 else Wait(**drops, looks=s.min_steps)]

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """As ever within an epoch; at its end the pool is drawn up anew."""
        if self.order.exhausted:
            everybody = [prompt.id for prompt in self.info.pool]
            left = [prompt for prompt in everybody if not self._positive(prompt)]
            self._readmitted += not left
            self.order.restart(left or everybody)
        return super().choose(step, n, rng)

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; the step is entered into the prompts' records."""
        for prompt, tally in by_prompt(rollouts, grades).items():
            right, responses, steps = self._seen.get(prompt, [0, 0, 0])
            if self.settings.rate == "last":
                right = responses = 0
            self._seen[prompt] = [right + tally.correct, responses + tally.total, steps + 1]
        return super().observe(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """dropped: prompts that this epoch leaves out. pool_readmitted: how often all returned."""
        out = len(self.info.pool) - self.pool_size
        return {"dropped": out, "pool_readmitted": self._readmitted}

    def state_dict(self) -> dict[str, Any]:
        """Order, and every prompt's record."""
        seen = {prompt: list(record) for prompt, record in self._seen.items()}
        return super().state_dict() | {"seen": seen, "readmitted": self._readmitted}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._seen = {prompt: list(record) for prompt, record in state["seen"].items()}
        self._readmitted = state["readmitted"]

    def _positive(self, prompt: str) -> bool:
        right, responses, steps = self._seen.get(prompt, [0, 0, 0])
        waited = steps >= self.settings.min_steps
        # A quotient: 11/20 is 0.55, but 0.55 · 20 is above 11.
        return waited and right / responses >= self.settings.threshold
