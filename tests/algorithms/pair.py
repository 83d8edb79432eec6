"""An algorithm and a sampler, driven as the loop drives them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import torch

from srpo_bench.algorithms.base import Algorithm, RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts
from srpo_bench.algorithms.registry import get, sampler_of, split
from srpo_bench.algorithms.samplers.base import Group, Kept, More, Sampler

Answers = Callable[[list[Group], int], tuple[Rollouts, Grades]]
"""Responses to a round's groups, and their grades."""


def make_sampler(name: str, info: RunInfo, **settings: Any) -> Any:
    """A sampler with settings of its own."""
    kind, _ = sampler_of("grpo-token", name)
    return kind(kind.Settings(**settings), info)


class Pair:
    """One arm without a model."""

    def __init__(self, algorithm: Algorithm[Any], sampler: Sampler[Any]) -> None:
        self.algorithm, self.sampler = algorithm, sampler

    @staticmethod
    def make(name: str, info: RunInfo, **settings: Any) -> Pair:
        """``algorithm[+sampler]`` with settings of either."""
        algorithm, sampler = split(name)
        kind, (chooser, defaults) = get(algorithm), sampler_of(algorithm, sampler)
        own = {k: v for k, v in settings.items() if k in kind.Settings.model_fields}
        chosen = {k: v for k, v in settings.items() if k not in own}
        return Pair(
            kind(kind.Settings(**own), info),
            chooser(chooser.Settings(**{**defaults, **chosen}), info),
        )

    def observe(self, step: int, answers: Answers) -> tuple[Kept, Rollouts]:
        """A step's selection: what is kept, of everything generated."""
        rng = torch.Generator().manual_seed(step)
        parts: list[Rollouts] = []
        grades: list[Grades] = []
        n = self.sampler.first_round
        while True:
            groups = self.sampler.choose(step, n, rng)
            for size in dict.fromkeys(group.size for group in groups):
                of_size = [group for group in groups if group.size == size]
                rollouts, graded = answers(of_size, len(parts))
                parts.append(rollouts)
                grades.append(graded)
            whole = Rollouts.concat(parts)
            whole = whole.merged() if self.sampler.merges else whole
            answer = self.sampler.observe(whole, Grades.concat(grades))
            if isinstance(answer, Kept):
                return answer, whole
            assert isinstance(answer, More)
            n = answer.groups

    def step(self, step: int, sample: Any, grade: Any, logp: LogProbs | None = None) -> Batch:
        """A whole step on random responses."""

        def answers(groups: list[Group], round_: int) -> tuple[Rollouts, Grades]:
            prompts = [group.prompt for group in groups]
            rollouts = sample(prompts, groups[0].size, seed=10 * step + round_)
            return rollouts, grade(rollouts, seed=step + round_)

        kept, _ = self.observe(step, answers)
        own = torch.Generator().manual_seed(100 + step)
        moved = logp or (lambda r: r.logp + 0.01)
        return self.algorithm.weigh(kept.rollouts, kept.grades, moved, own)

    def resumed(self) -> Pair:
        """The same pair through a checkpoint file."""
        file = io.BytesIO()
        state = {"algorithm": self.algorithm.state_dict(), "sampler": self.sampler.state_dict()}
        torch.save(state, file)
        file.seek(0)
        state = torch.load(file, weights_only=True)
        algorithm = type(self.algorithm)(self.algorithm.settings, self.algorithm.info)
        sampler = type(self.sampler)(self.sampler.settings, self.sampler.info)
        algorithm.load_state_dict(state["algorithm"])
        sampler.load_state_dict(state["sampler"])
        return Pair(algorithm, sampler)
