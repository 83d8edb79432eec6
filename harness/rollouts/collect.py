"""From problems to responses to grades: the one path that training and evaluation share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.harness.config import Data, Reward
from srpo_bench.harness.engines.base import Completions, Engine, Sampling
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.rollouts.prompts import Prompts
from srpo_bench.tasks.base import Grade, Problem, Task


@dataclass
class GradedCompletions:
    """n responses to each problem, problem by problem, with their texts and grades.

    learner_logp: (B, T) nats of the same tokens under the learner; None where nobody asked.
    """

    problems: list[Problem]
    prompt_tokens: list[list[int]]
    responses: Completions
    texts: list[str]
    grades: list[Grade]
    learner_logp: torch.Tensor | None = None

    @property
    def n(self) -> int:
        """Responses a problem."""
        return len(self.texts) // len(self.problems)

    @property
    def tokens_prefilled(self) -> int:
        """Prompt tokens the engine read: each prompt once."""
        return sum(len(p) for p in self.prompt_tokens)

    def problem(self, row: int) -> Problem:
        """The problem that response ``row`` answers."""
        return self.problems[row // self.n]

    def accuracy(self) -> torch.Tensor:
        """(B,) 0 or 1."""
        return torch.tensor([g.accuracy for g in self.grades])

    def rollouts(self) -> Rollouts:
        """These completions as a method sees them, uncorrected for engine against learner."""
        r = self.responses
        return Rollouts(
            prompts=[p.id for p in self.problems],
            prompt_tokens=self.prompt_tokens,
            group=torch.arange(len(self.problems)).repeat_interleave(self.n),
            tokens=r.tokens,
            mask=r.mask,
            logp=r.logp,
            truncated=r.truncated,
        )

    def rewards(self, weights: Reward) -> Grades:
        """Weighted sum of the named reward fields, beside the accuracy."""
        reward = torch.tensor([weights.of(grade) for grade in self.grades])
        return Grades(reward=reward, accuracy=self.accuracy())


class Collector:
    """Collects responses: renders problems for one policy, samples, has the tasks grade."""

    def __init__(self, policy: Policy, engine: Engine, tasks: dict[str, Task], data: Data) -> None:
        self.policy, self.engine, self.tasks = policy, engine, tasks
        self.prompts = Prompts(policy.tokenizer, tasks, data)
        policy.chat = self.prompts.style == "chat"

    def generate(
        self, problems: Sequence[Problem], n: int, sampling: Sampling, generator: torch.Generator
    ) -> GradedCompletions:
        """``n`` responses to each problem, not yet graded."""
        prompts = [self.prompts.of(p) for p in problems]
        stops = [self.prompts.stops(p) for p in problems]
        responses = self.engine.generate(prompts, n, sampling, generator, stops)
        lengths = responses.mask.sum(1).tolist()
        texts = [
            _cut(self.policy.decode(row[:length]), stops[i // n])
            for i, (row, length) in enumerate(zip(responses.tokens.tolist(), lengths, strict=True))
        ]
        return GradedCompletions(list(problems), prompts, responses, texts, [])

    def grade(self, completions: GradedCompletions) -> GradedCompletions:
        """Fill in the grades, each task judging its own."""
        grades: dict[int, Grade] = {}
        for name in dict.fromkeys(p.task for p in completions.problems):
            rows = [i for i in range(len(completions.texts)) if completions.problem(i).task == name]
            judged = task_guard.grade(
                self.tasks[name],
                [completions.problem(i) for i in rows],
                [completions.texts[i] for i in rows],
            )
            grades.update(zip(rows, judged, strict=True))
        completions.grades = [grades[row] for row in range(len(completions.texts))]
        return completions


def _cut(text: str, stops: tuple[str, ...]) -> str:
    for stop in stops:
        text = text.split(stop, 1)[0]
    return text
