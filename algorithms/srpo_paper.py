"""SRPO, the paper: two-Staged history-Resampling Policy Optimization."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import torch

from srpo_bench.algorithms.base import RunInfo, setting
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, More, Rollouts
from srpo_bench.algorithms.grpo_token import GRPOToken, GRPOTokenSettings
from srpo_bench.algorithms.history import DroppedPrompts, EpochRecord
from srpo_bench.algorithms.stages import Schedule, Stages


class SRPOPaperSettings(GRPOTokenSettings):
    """grpo-token's, and which prompts are gone through when."""

    resample: bool = setting(
        True, "history resampling: drop prompts answered only correctly", "arXiv 2504.14286"
    )
    readmit_after: int | None = setting(
        None, "epochs a dropped prompt sits out before it returns; null: never", "unpublished", ge=1
    )
    stages: Stages = setting(
        "staged",
        "staged: math alone, then math and code; reversed: the other way round; "
        "mixed: as many code prompts in total, spread evenly",
        "arXiv 2504.14286",
    )
    stage_one_fraction: float = setting(
        0.25,
        "share of the run's steps that are math alone; 0: no stages",
        "unpublished",
        ge=0,
        le=1,
    )


class SRPOPaper(GRPOToken):
    """grpo-token that drops solved prompts at every epoch boundary, in two stages.

    The switch of stages ends the epoch early: it is a boundary like any other.
    """

    name = "srpo-paper"
    paper = "arXiv 2504.14286"
    changes = "grpo-token with history resampling, and math alone before math and code"
    formula = (
        "grpo-token's J; at an epoch's end drop each prompt all of whose rollouts were correct,\n"
        "keep mixed and all-wrong ones; first math alone, then math and code"
    )
    unpublished: ClassVar[dict[str, str]] = {
        **GRPOToken.unpublished,
        "readmit_after": "whether dropped prompts return is not said; never is the plain reading",
        "stage_one_fraction": "when to switch is not said; a quarter leaves most to both kinds",
    }
    Settings = SRPOPaperSettings
    settings: SRPOPaperSettings

    def __init__(self, settings: SRPOPaperSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._schedule = Schedule(settings.stages, settings.stage_one_fraction, info)
        self._record = EpochRecord()
        self._dropped = DroppedPrompts(settings.readmit_after)
        self._step = 0

    @property
    def notes(self) -> list[str]:
        """Says when the two stages are at rest."""
        if not self._schedule.at_rest or not self.settings.stage_one_fraction:
            return []
        return ["The prompt pool holds one kind of task only, so the two stages change nothing."]

    def choose(self, n: int, rng: torch.Generator) -> list[str]:
        """As ever within an epoch; at its end, or a stage's, the pool is drawn up anew."""
        if self.order.exhausted or self._schedule.switches(self._step):
            if self.settings.resample:
                self._dropped.update(self.to_drop(rng), self.epoch)
                self._record.clear()
            pool = self._dropped.survivors(self._schedule.prompts(self._step))
            self.order.restart(self._schedule.thin(pool, self._step, rng))
        self._step += 1
        return super().choose(n, rng)

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch | More:
        """grpo-token's, with the step entered into the epoch's record."""
        batch = super().weigh(rollouts, grades, logp, rng)
        assert isinstance(batch, Batch)
        self._record.observe(rollouts, grades)
        return replace(batch, metrics=batch.metrics | self._dropped.metrics())

    def to_drop(self, rng: torch.Generator) -> list[str]:
        """What leaves the pool at a boundary."""
        return self._record.solved()

    def state_dict(self) -> dict[str, Any]:
        """Order, the open epoch's record, and who is out since when."""
        return super().state_dict() | {
            "record": self._record.state_dict(),
            "dropped": self._dropped.state_dict(),
            "step": self._step,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._record.load_state_dict(state["record"])
        self._dropped.load_state_dict(state["dropped"])
        self._step = state["step"]
