"""From problems to responses to grades: the one path that training and evaluation share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.harness.config import Config, Data, Reward
from srpo_bench.harness.engines.base import Completions, Engine, Sampling
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.policy import Policy, encode
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.problems.load import Problems
from srpo_bench.tasks.base import Grade, Problem, Style, Task, TaskError


@dataclass
class GradedCompletions:
    """n responses to each problem, problem by problem, with their texts and grades.

    learner_logp: (B, T) nats of the same tokens under the learner; None where nobody completions.
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


def check_prompts(config: Config, problems: Problems, base: Path) -> None:
    """Render and encode one problem of each task, so that what cannot be asked is known at once.

    Raises:
        UserError: a chat without a template, shots a task has not, or more tokens than the model's
            context holds.
    """
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    context = getattr(AutoConfig.from_pretrained(base), "max_position_embeddings", None)
    style = style_of(config.data, tokenizer)
    if style == "chat" and not has_template(tokenizer):
        raise UserError("data.style=chat needs a chat template, and this model has none.")
    roll, final = config.rollout.max_new_tokens, config.final.max_new_tokens
    completions = [*problems.pool.values(), *(p for g in problems.evaluation.values() for p in g)]
    last = [p for group in problems.final.values() for p in group]
    for setting, limit, group in (("rollout", roll, completions), ("final", final, last)):
        for problem in {p.task: p for p in reversed(group)}.values():
            task = problems.tasks[problem.task]
            try:
                prompt = task_guard.render(task, problem, style, config.data.shots)
                tokens = len(encode(tokenizer, prompt))
            except TaskError as error:
                raise UserError(str(error)) from error
            room = limit or task.max_new_tokens
            if context is not None and tokens + room > context:
                raise UserError(
                    f"A prompt of {problem.task} ({tokens} tokens) and a response of {room} do not "
                    f"fit the model's context of {context}: lower {setting}.max_new_tokens."
                )


def style_of(data: Data, tokenizer: Any) -> Style:
    """Chat where the tokenizer has a template, unless the settings say otherwise."""
    if data.style == "auto":
        return "chat" if has_template(tokenizer) else "base"
    return data.style


def has_template(tokenizer: Any) -> bool:
    """True when the tokenizer can render a chat."""
    return bool(getattr(tokenizer, "chat_template", None))


class Collector:
    """Collects responses: renders problems for one policy, samples, has the tasks grade."""

    def __init__(self, policy: Policy, engine: Engine, tasks: dict[str, Task], data: Data) -> None:
        self.policy, self.engine, self.tasks, self.data = policy, engine, tasks, data
        self.style = style_of(data, policy.tokenizer)
        self._encoded: dict[str, list[int]] = {}

    def generate(
        self, problems: Sequence[Problem], n: int, sampling: Sampling, generator: torch.Generator
    ) -> GradedCompletions:
        """``n`` responses to each problem, not yet graded."""
        prompts = [self._encode(p) for p in problems]
        stops = [task_guard.stops(self.tasks[p.task], self.style) for p in problems]
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

    def _encode(self, problem: Problem) -> list[int]:
        if problem.id not in self._encoded:
            task, shots = self.tasks[problem.task], self.data.shots
            prompt = task_guard.render(task, problem, self.style, shots)
            self._encoded[problem.id] = self.policy.encode(prompt)
        return self._encoded[problem.id]


def _cut(text: str, stops: tuple[str, ...]) -> str:
    for stop in stops:
        text = text.split(stop, 1)[0]
    return text
