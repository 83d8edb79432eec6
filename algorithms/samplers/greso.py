"""GRESO: prompts without signal are skipped before they are generated for, at random."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from srpo_bench.algorithms.base import RunInfo, setting
from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.algorithms.samplers.base import Group, Kept, More
from srpo_bench.algorithms.samplers.dynamic import Dynamic, DynamicSettings
from srpo_bench.algorithms.samplers.tally import by_group

PAPER = "arXiv 2506.02177"


class GRESOSettings(DynamicSettings):
    """The probabilities of skipping, and the sizes of rounds."""

    explore: float = setting(
        0.5, "base p of exploring a prompt without signal, at the start", PAPER, gt=0, lt=1
    )
    explore_step: float = setting(0.01, "change of each p after a step", PAPER, ge=0)
    explore_least: float = setting(
        0.01, "least probability of exploring a prompt", "its code", gt=0, le=1
    )
    base_least: float = setting(0.05, "least p; the largest is 1 − this", "its code", gt=0, lt=0.5)
    target_easy: float = setting(
        0.25 / 3, "share of all-correct groups that p_easy is moved towards", PAPER, ge=0, le=1
    )
    target_hard: float = setting(
        0.5 / 3, "share of all-wrong groups that p_hard is moved towards", PAPER, ge=0, le=1
    )
    first_round: float = setting(
        1.5, "groups of a full round, for each prompt of a batch", "its scripts", ge=1
    )
    safety: float = setting(
        1.25, "factor on the groups expected to be needed in a later round", PAPER, ge=1
    )


class GRESO(Dynamic[GRESOSettings]):
    """Dynamic sampling that predicts which prompts would be generated for in vain.

    Signal is judged by accuracy: all right or all wrong. (Its code asks for a mean reward of at
    least 0.98 or at most 0.11, which is the same where a well-formed wrong answer earns 0.1.)
    Its code differs in more: it counts z of each kind apart, leaves both p alone in the first
    epoch, takes the share mixed from the last round alone, has no round of fewer than 64 prompts,
    and trains on what there is after a round that was expected to suffice.
    """

    name = "greso"
    paper = PAPER
    changes = "dynamic sampling that skips prompts whose last groups were without signal"
    formula = (
        "z: latest consecutive groups of a prompt without signal (all right, or all wrong);\n"
        "skip it with probability 1 − max(p^z, least), p = p_easy or p_hard by its last group;\n"
        "after a step p_easy, p_hard go down where the share of such groups is at least its target,"
        "\nup where it is below; a later round has min(full, safety · missing / share mixed) groups"
    )
    logs: ClassVar[Mapping[str, str]] = {
        **Dynamic.logs,
        "skipped": "prompts that were passed over",
        "p_easy": "chance base of asking again a prompt whose last groups were all correct",
        "p_hard": "the same where they were all wrong",
    }
    Settings = GRESOSettings
    settings: GRESOSettings

    def __init__(self, settings: GRESOSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._explore = {"easy": settings.explore, "hard": settings.explore}
        self._silent: dict[str, tuple[str, int]] = {}  # prompt -> its last group's kind, z
        self._kinds: list[str] = []  # of this step's groups
        self._skipped = 0

    @property
    def first_round(self) -> int:
        """A full round."""
        return math.ceil(self.settings.first_round * self.info.prompts_per_step)

    def skip_probability(self, prompt: str) -> float:
        """The probability that a prompt is skipped when its turn comes."""
        kind, silent = self._silent.get(prompt, ("mixed", 0))
        if not silent:
            return 0.0
        return 1 - max(self._explore[kind] ** silent, self.settings.explore_least)

    def choose(self, step: int, n: int, rng: torch.Generator) -> list[Group]:
        """The next ``n`` prompts of the shuffled epochs that are not skipped."""
        chosen: Counter[str] = Counter()
        while chosen.total() < n:
            (prompt,) = self.order.next(1, rng, self._taken | chosen.keys())
            if chosen[prompt] > chosen.total() // self.pool_size:
                continue  # twice only where there are fewer prompts than places
            skip = self.skip_probability(prompt)
            if skip and torch.rand((), generator=rng).item() < skip:
                self._skipped += 1
            else:
                chosen[prompt] += 1
        self._taken.update(chosen)
        return self.groups(chosen.elements())

    def observe(self, rollouts: Rollouts, grades: Grades) -> Kept | More:
        """Dynamic sampling's; every group is entered into its prompt's record."""
        new = by_group(rollouts, grades)[len(self._kinds) :]
        for prompt, tally in zip(rollouts.prompts[len(self._kinds) :], new, strict=True):
            kind = "mixed" if tally.mixed else "easy" if tally.correct else "hard"
            _, silent = self._silent.get(prompt, ("mixed", 0))
            self._silent[prompt] = (kind, 0 if tally.mixed else silent + 1)
            self._kinds.append(kind)
        answer = super().observe(rollouts, grades)
        if isinstance(answer, Kept):
            self._close_step()
        return answer

    def next_round(self, mixed: int, seen: int) -> int:
        """As many as are expected to be needed, at most a full round."""
        if not mixed:
            return self.first_round
        missing = self.info.prompts_per_step - mixed
        return min(self.first_round, math.ceil(self.settings.safety * missing * seen / mixed))

    def state_dict(self) -> dict[str, Any]:
        """Order, both p, and every prompt's record."""
        own = {"explore": dict(self._explore), "silent": dict(self._silent)}
        return super().state_dict() | own

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        super().load_state_dict(state)
        self._explore, self._silent = dict(state["explore"]), dict(state["silent"])

    def _close_step(self) -> None:
        s = self.settings
        for kind, target in (("easy", s.target_easy), ("hard", s.target_hard)):
            share = self._kinds.count(kind) / len(self._kinds)
            moved = self._explore[kind] + (-s.explore_step if share >= target else s.explore_step)
            self._explore[kind] = min(max(moved, s.base_least), 1 - s.base_least)
        own = {"skipped": self._skipped, **{f"p_{k}": p for k, p in self._explore.items()}}
        self._recorded = self._recorded | own
        self._kinds, self._skipped = [], 0
