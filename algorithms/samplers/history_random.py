"""History resampling without its signal: as large a pool, but of any prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from srpo_bench.algorithms.base import Wait
from srpo_bench.algorithms.samplers.base import Group
from srpo_bench.algorithms.samplers.order import shuffled
from srpo_bench.algorithms.samplers.staged import Staged, StagedSettings


class HistoryRandom(Staged[StagedSettings]):
    """What a shrinking pool does by itself. ``history`` must beat it for its signal to matter.

    Solved prompts stay in the draw, so what would have left is counted as a share: dropping as many
    as were solved would count a solved prompt that stayed again every epoch. A prompt that was
    solved once and is not now counts no more, so the pool shrinks less than history's.
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

    @property
    def waits_for(self) -> list[Wait]:
        """What history resampling waits for: a prompt that was solved makes the pool smaller."""
        drops = Wait(event="epoch-boundary-with-solved-prompt", returns_after=1)
        return [drops, *super().waits_for]

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """As ever within an epoch; at its end, or a stage's, another pool is drawn."""
        if self.pool_is_over(step):
            everybody = self._schedule.prompts(step)
            size = round(len(everybody) * (1 - self._record.share_solved()))
            pool = everybody
            if 0 < size < len(everybody):
                pool = shuffled(everybody, rng)[:size]
            self._record.clear()
            self.order.restart(self._schedule.thin(pool, step, rng))
        return super().choose(step, n, rng)

    def metrics(self) -> dict[str, float]:
        """dropped: prompts of the whole pool that this epoch leaves out."""
        return {"dropped": len(self.info.pool) - self.pool_size}
