"""History resampling, SRPO's: prompts that were answered only correctly leave the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch

from srpo_bench.algorithms.base import RunInfo, Wait, setting
from srpo_bench.algorithms.samplers.base import Group
from srpo_bench.algorithms.samplers.dropped import DroppedPrompts
from srpo_bench.algorithms.samplers.order import shuffled
from srpo_bench.algorithms.samplers.staged import Staged, StagedSettings


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
        "at random, which return where they are answered wrongly",
        "unpublished",
    )
    empty_pool: Literal["all", "last"] = setting(
        "all",
        "who returns where a boundary would leave nobody: all, or the last epoch's pool",
        "unpublished",
    )


class History(Staged[HistorySettings]):
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
        self._dropped = DroppedPrompts(settings.readmit_after)

    @property
    def waits_for(self) -> list[Wait]:
        """An epoch's end with a solved prompt, and the switch of stages where there is one."""
        return [*([self._drops] if self.settings.resample else []), *super().waits_for]

    @property
    def _drops(self) -> Wait:
        drops, after = Wait(event="epoch-boundary-with-solved-prompt"), self.settings.readmit_after
        return drops if after is None else Wait(**drops, returns_after=after)

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """As ever within an epoch; at its end, or a stage's, the pool is drawn up anew."""
        if self.pool_is_over(step):
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

    def metrics(self) -> dict[str, float]:
        """Prompts that are out, and how often nobody was left."""
        return self._dropped.metrics()

    def state_dict(self) -> dict[str, Any]:
        """Order, the open epoch's record, and who is out since when."""
        return super().state_dict() | {"dropped": self._dropped.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._dropped.load_state_dict(state["dropped"])
