"""SPEED: a few responses screen a prompt, the rest are generated where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from srpo_bench.algorithms.base import RunInfo, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.dynamic import DynamicSettings
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.algorithms.samplers.tally import by_prompt


class SPEEDSettings(DynamicSettings):
    """arXiv 2506.09016."""

    screening: float = setting(
        1 / 3,
        "share of a group generated first, at least two responses",
        "its scripts: 8 of 24, or 4 of 24",
        gt=0,
        le=1,
    )


class SPEED(Shuffled[SPEEDSettings]):
    """Selective prompting with efficient estimation of difficulty.

    The paper also buffers what qualifies beyond a batch and trains on it later, off policy. That is
    left out: all arms train on what the step's policy has generated; the surplus is booked.
    """

    name = "speed"
    paper = "arXiv 2506.09016"
    changes = "screens prompts by a few responses, and completes the groups that are mixed"
    formula = (
        "n_init responses a prompt, in rounds of a batch, until a batch of prompts has\n"
        "0 < pass rate < 1 (or max_rounds, or the whole pool is screened);\n"
        "then G − n_init more of those, joined to the first"
    )
    merges: ClassVar[bool] = True
    logs: ClassVar[Mapping[str, str]] = {
        "rounds": "rounds of screening",
        "screened": "prompts that were screened",
        "qualified": "those of them whose screened responses were mixed",
    }
    Settings = SPEEDSettings
    settings: SPEEDSettings

    def __init__(self, settings: SPEEDSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._rounds = 0
        self._screened: list[str] = []
        self._qualified: list[str] = []
        self._recorded: dict[str, float] = {}

    @property
    def screened_by(self) -> int:
        """n_init: responses that screen a prompt."""
        size = self.info.group_size
        return min(size, max(2, round(self.settings.screening * size)))

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """Prompts to be screened; once enough have qualified, the rest of their responses."""
        if self._qualified:
            rest = self.info.group_size - self.screened_by
            return [Group(prompt, rest) for prompt in self._qualified]
        prompts = self.order.next(n, rng, self._screened)
        self._screened += prompts
        return [Group(prompt, self.screened_by) for prompt in prompts]

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """More to screen, then the rest of what qualified, then the completed groups."""
        if self._qualified:
            return self._close_step(rollouts, grades)
        self._rounds += 1
        wanted = self.info.prompts_per_step
        tallies = by_prompt(rollouts, grades)
        mixed = [prompt for prompt, tally in tallies.items() if tally.mixed]
        left = self.pool_size - len(self._screened)
        if len(mixed) < wanted and left and self._rounds < self.settings.max_rounds:
            return More(min(wanted, left))
        self._recorded = {"rounds": self._rounds, "screened": len(tallies), "qualified": len(mixed)}
        # With nobody qualified the first batch stands in; its advantages are mostly 0.
        self._qualified = mixed[:wanted] or rollouts.prompts[:wanted]
        if self.screened_by == self.info.group_size:
            return self._close_step(rollouts, grades)
        return More(len(self._qualified))

    def metrics(self) -> dict[str, float]:
        """rounds of screening, prompts screened, and those of them that qualified."""
        return self._recorded

    def _close_step(self, rollouts: Rollouts, grades: Grades) -> Kept:
        kept = [i for i, prompt in enumerate(rollouts.prompts) if prompt in self._qualified]
        self._rounds, self._screened, self._qualified = 0, [], []
        rows = torch.isin(rollouts.group, torch.tensor(kept)).nonzero().squeeze(1)
        return Kept(rollouts, grades).pick(rows)
