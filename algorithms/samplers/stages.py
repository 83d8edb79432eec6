"""SRPO's two stages: math alone, then math and code. Which prompts take part at a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.samplers.order import shuffled

Stages = Literal["staged", "mixed", "reversed"]


@dataclass(frozen=True)
class Schedule:
    """When code takes part. All three orders train on as many code prompts in total.

    stages: "staged" is math alone first, "reversed" last; "mixed" spreads code evenly.
    epochs: how many times the math prompts are gone through alone; a stage's length is no share of
    the budget, or a longer run would be another method.
    """

    stages: Stages
    epochs: int
    info: RunInfo

    @property
    def alone(self) -> int:
        """Steps that are math alone."""
        others = len(self.info.pool) - len(self._code())
        return min(self.epochs * -(-others // self.info.prompts_per_step), self.info.steps)

    @property
    def at_rest(self) -> bool:
        """True when the pool holds one kind of prompt only, so that there is nothing to stage."""
        return len({prompt.kind for prompt in self.info.pool}) < 2

    @property
    def settings_at_rest(self) -> tuple[str, ...]:
        """The setting that then changes nothing."""
        return ("stage_one_epochs",) if self.at_rest else ()

    @property
    def notes(self) -> list[str]:
        """Says when stages that were asked for are at rest, or the first of them never ends."""
        if not self.epochs:
            return []
        if self.at_rest:
            note = "The prompt pool holds one kind of task only, so the two stages change nothing."
        elif self.alone == self.info.steps:
            note = "Math alone takes all steps of the run, so no code prompt is ever trained on."
        else:
            return []
        return [note]

    @property
    def first_switch(self) -> int | None:
        """The step at which the second stage begins; None where there are no two."""
        return next((s for s in range(2, self.info.steps + 1) if self.switches(s)), None)

    def switches(self, step: int) -> bool:
        """True when another stage begins at ``step`` (from 1)."""
        return step > 1 and self.code_share(step) != self.code_share(step - 1)

    def prompts(self, step: int) -> list[str]:
        """Everything that may be chosen in the stage ``step`` belongs to."""
        share = self.code_share(step)
        return [p.id for p in self.info.pool if share > 0 or p.kind != "code"]

    def thin(self, pool: list[str], step: int, rng: torch.Generator) -> list[str]:
        """``pool`` with this stage's share of its code prompts, drawn at random."""
        share, code = self.code_share(step), set(self._code()) & set(pool)
        if share in (0, 1):
            return pool
        # Rounded up or down at random, so that the share is right over many epochs; but an epoch
        # has a prompt, though only code be left.
        kept = max(int(share * len(code) + torch.rand((), generator=rng)), len(code) == len(pool))
        left_out = set(shuffled([p for p in pool if p in code], rng)[kept:])
        return [prompt for prompt in pool if prompt not in left_out]

    def code_share(self, step: int) -> float:
        """The share of the code prompts that an epoch at ``step`` goes through."""
        steps, alone = self.info.steps, self.alone
        if self.at_rest:
            return 1.0
        if self.stages == "staged":
            return float(step > alone)
        if self.stages == "reversed":
            return float(step <= steps - alone)
        # x with x C / (M + x C) = (1 − f) C / (M + C): the code share of a whole staged run
        code = len(self._code())
        others = len(self.info.pool) - code
        f = alone / steps
        return (1 - f) * others / (others + f * code)

    def _code(self) -> list[str]:
        return [prompt.id for prompt in self.info.pool if prompt.kind == "code"]
