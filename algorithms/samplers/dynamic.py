"""DAPO's dynamic sampling: generate until the batch holds only mixed groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

import torch

from srpo_bench.algorithms.base import RunInfo, Settings, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.shuffled import Shuffled
from srpo_bench.algorithms.samplers.tally import by_group


class DynamicSettings(Settings):
    """A bound, lest a step never end."""

    max_rounds: int = setting(
        10, "rounds of generation in a step, the first included", "verl's DAPO recipe", ge=1
    )


D = TypeVar("D", bound=DynamicSettings)


class Dynamic(Shuffled[D]):
    """Whole rounds are generated, as in verl's recipe, and the surplus is discarded and booked."""

    name = "dynamic"
    paper = "arXiv 2503.14476"
    changes = "takes more prompts until a batch of them is neither solved nor hopeless"
    formula = "keep groups with 0 < number correct < G; generate until there are a batch of them"
    logs: ClassVar[Mapping[str, str]] = {
        "rounds": "rounds of generation",
        "groups_discarded": "groups that were generated and not used",
    }
    Settings = DynamicSettings
    settings: D

    def __init__(self, settings: D, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._rounds = 0
        self._taken: set[str] = set()  # in this step
        self._recorded: dict[str, float] = {}

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The epoch's next prompts; of a new epoch's those first that the step has not asked."""
        prompts = self.order.next(n, rng, self._taken)
        self._taken.update(prompts)
        return self.groups(prompts)

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """The first mixed groups, a batch of them; or more prompts, up to the bound."""
        self._rounds += 1
        wanted, seen = self.info.prompts_per_step, len(rollouts.prompts)
        mixed = [i for i, tally in enumerate(by_group(rollouts, grades)) if tally.mixed]
        if len(mixed) < wanted and self._rounds < self.settings.max_rounds:
            return More(self.next_round(len(mixed), seen))
        # With no mixed group at all the first batch stands in; its advantages are mostly 0.
        kept = mixed[:wanted] or list(range(min(wanted, seen)))
        self._recorded = {"rounds": self._rounds, "groups_discarded": seen - len(kept)}
        self._rounds = 0
        self._taken.clear()
        rows = torch.isin(rollouts.group, torch.tensor(kept)).nonzero().squeeze(1)
        return Kept(rollouts, grades).pick(rows)

    def next_round(self, mixed: int, seen: int) -> int:
        """Groups of the next round, after ``mixed`` of the ``seen`` groups were of use."""
        return self.info.prompts_per_step

    def metrics(self) -> dict[str, float]:
        """rounds of generation, groups_discarded."""
        return self._recorded
