"""Shuffled epochs in stages, with a record of who was solved in the open one."""

from __future__ import annotations

from typing import Any, TypeVar

from srpo_bench.algorithms.base import RunInfo, Settings, Wait, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Kept, More
from srpo_bench.algorithms.samplers.dropped import EpochRecord
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.algorithms.samplers.stages import Schedule, Stages


class StagedSettings(Settings):
    """Which kinds of prompt are gone through when."""

    stages: Stages = setting(
        "staged",
        "staged: math alone, then math and code; reversed: the other way round; "
        "mixed: as many code prompts in total, spread evenly",
        "arXiv 2504.14286",
    )
    stage_one_epochs: int = setting(
        0, "epochs of the math prompts that are math alone; 0: no stages", "unpublished", ge=0
    )


G = TypeVar("G", bound=StagedSettings)


class Staged(Shuffled[G]):
    """What ``history`` and its control share; each draws up the next pool by its own rule."""

    def __init__(self, settings: G, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._schedule = Schedule(settings.stages, settings.stage_one_epochs, info)
        self._record = EpochRecord()

    @property
    def notes(self) -> list[str]:
        """Says when the two stages are at rest, or the second is never reached."""
        return self._schedule.notes

    @property
    def at_rest(self) -> tuple[str, ...]:
        """Stages on a pool of one kind."""
        return self._schedule.settings_at_rest

    @property
    def waits_for(self) -> list[Wait]:
        """The switch of stages, where there is one."""
        switch = self._schedule.first_switch
        return [] if switch is None else [Wait(event="stage-switch", step=switch)]

    def pool_is_over(self, step: int) -> bool:
        """True where another pool is drawn up: at an epoch's end, or a stage's."""
        return self.order.exhausted or self._schedule.switches(step)

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; the step is entered into the epoch's record."""
        self._record.observe(rollouts, grades)
        return super().observe(rollouts, grades)

    def state_dict(self) -> dict[str, Any]:
        """Order, and the open epoch's record."""
        return super().state_dict() | {"record": self._record.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._record.load_state_dict(state["record"])
