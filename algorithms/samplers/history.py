"""History resampling, SRPO's: prompts that were answered only correctly leave the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch

from srpo_bench.algorithms.base import RunInfo, Settings, Wait, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.dropped import DroppedPrompts, EpochRecord
from srpo_bench.algorithms.samplers.order import shuffled
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


class HistorySettings(StagedSettings):
    """What leaves, when it returns, and what is done where too little is left."""

    resample: bool = setting(
        True, "history resampling: drop prompts answered only correctly", "arXiv 2504.14286"
    )
    readmit_after: int | None = setting(
        None, "epochs a dropped prompt sits out before it returns; null: never", "unpublished", ge=1
    )
    refill: Literal["repeat", "dropped"] = setting(
        "repeat",
        "what fills a batch that is larger than the pool: its prompts once more, or dropped ones "
        "at random",
        "unpublished",
    )
    empty_pool: Literal["all", "last"] = setting(
        "all",
        "who returns where a boundary would leave nobody: all, or the last epoch's pool",
        "unpublished",
    )


class History(Shuffled[HistorySettings]):
    """Shuffled epochs; at every boundary the pool is drawn up anew.

    The switch of stages ends the epoch early: it is a boundary like any other.
    """

    name = "history"
    paper = "arXiv 2504.14286"
    changes = "at an epoch's end drops the prompts whose rollouts were all correct"
    formula = (
        "at an epoch's end drop each prompt all of whose rollouts were correct,\n"
        "keep mixed and all-wrong ones; where stages are on, first math alone, then math and code"
    )
    unpublished: ClassVar[dict[str, str]] = {
        "stage_one_epochs": "when to switch is not said; srpo-paper has 2, so that resampling acts "
        "once within the stage; alone it is off",
        "readmit_after": "whether dropped prompts return is not said; never is the plain reading",
        "refill": "a pool smaller than a batch is not spoken of; repeating adds no rule of ours",
        "empty_pool": "an empty pool is not spoken of; starting over favours no prompt",
    }
    logs: ClassVar[Mapping[str, str]] = {
        "dropped": "prompts of the pool that are left out",
        "pool_readmitted": "how often nobody was left and all came back",
    }
    Settings = HistorySettings
    settings: HistorySettings

    def __init__(self, settings: HistorySettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._schedule = Schedule(settings.stages, settings.stage_one_epochs, info)
        self._record = EpochRecord()
        self._dropped = DroppedPrompts(settings.readmit_after)

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
        """An epoch's end with a solved prompt, and the switch of stages where there is one."""
        found = [self._drops] if self.settings.resample else []
        switch = self._schedule.first_switch
        return found if switch is None else [*found, Wait(event="stage-switch", step=switch)]

    @property
    def _drops(self) -> Wait:
        drops, after = Wait(event="epoch-boundary-with-solved-prompt"), self.settings.readmit_after
        return drops if after is None else Wait(**drops, returns_after=after)

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """As ever within an epoch; at its end, or a stage's, the pool is drawn up anew."""
        if self.order.exhausted or self._schedule.switches(step):
            last = self.order.pool
            if self.settings.resample:
                self._dropped.update(self._record, self.epoch)
                self._record.clear()
            kept = last if self.settings.empty_pool == "last" else []
            pool = self._dropped.survivors(self._schedule.prompts(step), kept)
            self.order.restart(self._schedule.thin(pool, step, rng))
        missing = n - self.pool_size
        if self.settings.refill == "repeat" or missing <= 0:
            return self.groups(self.order.next(n, rng))
        out = [p for p in self._schedule.prompts(step) if p in self._dropped]
        fill = shuffled(out, rng)[:missing]
        return self.groups([*self.order.next(n - len(fill), rng), *fill])

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Everything is kept; the step is entered into the epoch's record."""
        self._record.observe(rollouts, grades)
        return super().observe(rollouts, grades)

    def metrics(self) -> dict[str, float]:
        """Prompts that are out, and how often nobody was left."""
        return self._dropped.metrics()

    def state_dict(self) -> dict[str, Any]:
        """Order, the open epoch's record, and who is out since when."""
        return super().state_dict() | {
            "record": self._record.state_dict(),
            "dropped": self._dropped.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._record.load_state_dict(state["record"])
        self._dropped.load_state_dict(state["dropped"])
