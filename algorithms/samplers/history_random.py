"""History resampling without its signal: as large a pool, but of any prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from srpo_bench.algorithms.base import RunInfo, Wait
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.dropped import EpochRecord
from srpo_bench.algorithms.samplers.history import StagedSettings
from srpo_bench.algorithms.samplers.order import shuffled
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.algorithms.samplers.stages import Schedule


class HistoryRandom(Shuffled[StagedSettings]):
    """What a shrinking pool does by itself. ``history`` must beat it for its signal to matter.

    Solved prompts stay in the draw, so what would have left is counted as a share: dropping as many
    as were solved would count a solved prompt that stayed again every epoch.
    """

    name = "history-random"
    paper = "this project"
    changes = "as history, a pool that shrinks as prompts are solved, but of prompts at random"
    formula = (
        "the next epoch's pool: N (1 − s) prompts drawn at random from all N,\n"
        "s the share of the last epoch's prompts answered only correctly; all N where s = 1"
    )
    unpublished: ClassVar[dict[str, str]] = {"stage_one_epochs": "as in history"}
    logs: ClassVar[Mapping[str, str]] = {
        "dropped": "prompts of the pool that this epoch leaves out",
    }
    Settings = StagedSettings
    settings: StagedSettings

    def __init__(self, settings: StagedSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._schedule = Schedule(settings.stages, settings.stage_one_epochs, info)
        self._record = EpochRecord()

    @property
    def notes(self) -> list[str]:
        """Says when the two stages are at rest."""
        return self._schedule.notes

    @property
    def at_rest(self) -> tuple[str, ...]:
        """Stages on a pool of one kind."""
        return self._schedule.settings_at_rest

    @property
    def waits_for(self) -> list[Wait]:
        """What history resampling waits for: as many prompts are drawn as it would drop."""
        found = [Wait(event="epoch-boundary-with-solved-prompt", returns_after=1)]
        switch = self._schedule.first_switch
        return found if switch is None else [*found, Wait(event="stage-switch", step=switch)]

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """As ever within an epoch; at its end, or a stage's, another pool is drawn."""
        if self.order.exhausted or self._schedule.switches(step):
            everybody = self._schedule.prompts(step)
            size = round(len(everybody) * (1 - self._record.share_solved()))
            pool = everybody
            if 0 < size < len(everybody):
                pool = shuffled(everybody, rng)[:size]
            self._record.clear()
            self.order.restart(self._schedule.thin(pool, step, rng))
        return super().choose(step, n, rng)

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; the step is entered into the epoch's record."""
        self._record.observe(rollouts, grades)
        return super().observe(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """dropped: prompts of the whole pool that this epoch leaves out."""
        return {"dropped": len(self.info.pool) - self.pool_size}

    def state_dict(self) -> dict[str, Any]:
        """Order, and the open epoch's record."""
        return super().state_dict() | {"record": self._record.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._record.load_state_dict(state["record"])
