"""From problems to responses to grades: the one path that training and evaluation share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from srpo_bench.algorithms.batch import Grades, Rollouts
from srpo_bench.harness.config import Data, Reward
from srpo_bench.harness.engines.base import Completions, Engine, Sampling
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.rollouts.aside import Aside
from srpo_bench.harness.rollouts.prompts import Prompts
from srpo_bench.tasks.base import Grade, Problem, Task
from srpo_bench.tasks.rewards import RewardFunction


@dataclass
class GradedCompletions:
    """Responses to problems, with their texts and grades.

    group: (B,) long, the index into ``problems`` of each response.
    learner_logp: (B, T) nats of the same tokens under the learner; None where nobody asked.
    begun: the grading that began while they were sampled; None where it did not.
    """

    problems: list[Problem]
    prompt_tokens: list[list[int]]
    group: torch.Tensor
    responses: Completions
    texts: list[str]
    grades: list[Grade]
    learner_logp: torch.Tensor | None = None
    begun: Aside | None = None

    @property
    def n(self) -> int:
        """Responses a problem, where all have as many."""
        return len(self.texts) // len(self.problems)

    @property
    def tokens_prefilled(self) -> int:
        """Prompt tokens the engine read: each prompt once."""
        return sum(len(p) for p in self.prompt_tokens)

    def problem(self, row: int) -> Problem:
        """The problem that response ``row`` answers."""
        return self.problems[self.group[row]]

    def accuracy(self) -> torch.Tensor:
        """(B,) 0 or 1."""
        return torch.tensor([g.accuracy for g in self.grades])

    def accuracy_by_problem(self) -> torch.Tensor:
        """(P,) the share of each problem's responses that is right."""
        right = torch.zeros(len(self.problems)).index_add_(0, self.group, self.accuracy())
        return right / torch.bincount(self.group, minlength=len(self.problems))

    def rollouts(self) -> Rollouts:
        """These completions as a method sees them, uncorrected for engine against learner."""
        r = self.responses
        return Rollouts(
            prompts=[p.id for p in self.problems],
            prompt_tokens=self.prompt_tokens,
            group=self.group,
            tokens=r.tokens,
            mask=r.mask,
            logp=r.logp,
            truncated=r.truncated,
        )

    def rewards(self, weights: Reward) -> Grades:
        """Weighted sum of the named reward fields, beside the accuracy."""
        names = dict.fromkeys(name for grade in self.grades for name in grade.fields)
        return Grades(
            reward=torch.tensor([weights.of(grade) for grade in self.grades]),
            accuracy=self.accuracy(),
            texts=list(self.texts),
            answers=[grade.answer for grade in self.grades],
            fields={
                name: torch.tensor([grade.fields.get(name, 0.0) for grade in self.grades])
                for name in names
            },
        )

    @staticmethod
    def join(parts: Sequence[GradedCompletions], merge: bool = False) -> GradedCompletions:
        """Several lots as one, response by response in their order.

        merge: problems that stand in several lots have one group of all their responses.
        """
        if len(parts) == 1:
            return parts[0]
        joined = Rollouts.concat([part.rollouts() for part in parts])
        ours = [
            replace(part.rollouts(), logp=part.learner_logp)
            for part in parts
            if part.learner_logp is not None
        ]
        joined = joined.merged() if merge else joined
        problems = {problem.id: problem for part in parts for problem in part.problems}
        return GradedCompletions(
            problems=[problems[prompt] for prompt in joined.prompts],
            prompt_tokens=joined.prompt_tokens,
            group=joined.group,
            responses=Completions(joined.tokens, joined.mask, joined.logp, joined.truncated),
            texts=[text for part in parts for text in part.texts],
            grades=[grade for part in parts for grade in part.grades],
            learner_logp=Rollouts.concat(ours).logp if ours else None,
        )


class Collector:
    """Collects responses: renders problems for one policy, samples, has the tasks grade.

    Args:
        count: told how many more responses have ended, as far as the engine knows it.
    """

    def __init__(
        self,
        policy: Policy,
        engine: Engine,
        tasks: dict[str, Task],
        data: Data,
        rewards: Mapping[str, RewardFunction] | None = None,
        count: Callable[[int], None] | None = None,
    ) -> None:
        self.policy, self.engine, self.tasks = policy, engine, tasks
        self.rewards, self._count = rewards or {}, count
        self.prompts = Prompts(policy.tokenizer, tasks, data)
        policy.chat = self.prompts.style == "chat"

    def generate(
        self, problems: Sequence[Problem], n: int, sampling: Sampling, generator: torch.Generator
    ) -> GradedCompletions:
        """``n`` responses to each problem, not yet graded; those that are graded aside are begun as
        they end."""
        prompts = [self.prompts.of(p) for p in problems]
        stops = [self.prompts.stops(p) for p in problems]
        group = torch.arange(len(problems)).repeat_interleave(n)
        grades_aside = [self.tasks[p.task].grades_aside for p in problems]
        begun = self._aside([problems[i] for i in group.tolist()])
        uncounted, ends = len(group), set(self.policy.end_tokens)

        def text(row: int, tokens: list[int]) -> str:
            said = tokens[:-1] if ends.intersection(tokens[-1:]) else tokens
            return _cut(self.policy.decode(said), stops[row // n])

        def ended(rows: list[int], tokens: list[list[int]]) -> None:
            nonlocal uncounted
            pairs = zip(rows, tokens, strict=True)
            begun.take({row: text(row, ids) for row, ids in pairs if grades_aside[row // n]})
            if self._count:
                self._count(len(rows))
                uncounted -= len(rows)

        listener = ended if any(grades_aside) or self._count else None
        responses = self.engine.generate(prompts, n, sampling, generator, stops, listener)
        if self._count and uncounted:
            self._count(uncounted)
        lengths = responses.mask.sum(1).tolist()
        texts = [
            text(row, tokens[:length])
            for row, (tokens, length) in enumerate(
                zip(responses.tokens.tolist(), lengths, strict=True)
            )
        ]
        return GradedCompletions(list(problems), prompts, group, responses, texts, [], begun=begun)

    def grade(self, completions: GradedCompletions) -> GradedCompletions:
        """Fill in the grades: each task judges its own, then reward functions add their fields."""
        return self.begin_grading(completions)()

    def begin_grading(self, completions: GradedCompletions) -> Callable[[], GradedCompletions]:
        """Begin what is graded aside; what is returned grades the rest, waits, and has the
        grades."""
        answered = [completions.problems[group] for group in completions.group.tolist()]
        texts, rows = completions.texts, range(len(answered))
        begun = completions.begun or self._aside(answered)
        here = [row for row in rows if not self.tasks[answered[row].task].grades_aside]
        begun.finish({row: texts[row] for row in set(rows) - set(here)})

        def graded() -> GradedCompletions:
            by_row = begun.grades()
            judged = self._judge([answered[row] for row in here], [texts[row] for row in here])
            by_row.update(zip(here, judged, strict=True))
            grades = [by_row[row] for row in rows]
            for name, function in self.rewards.items():
                grades = task_guard.reward(name, function, answered, texts, grades)
            completions.grades = grades
            return completions

        return graded

    def _aside(self, answered: Sequence[Problem]) -> Aside:
        """Grades aside; ``answered[row]`` is the problem that a row's response answers."""
        return Aside(lambda rows, texts: self._judge([answered[row] for row in rows], texts))

    def _judge(self, problems: Sequence[Problem], texts: Sequence[str]) -> list[Grade]:
        """A grade for each response; each task judges its own."""
        of_task: dict[str, list[int]] = {}
        for row, problem in enumerate(problems):
            of_task.setdefault(problem.task, []).append(row)
        grades: dict[int, Grade] = {}
        for name, rows in of_task.items():
            theirs, responses = [problems[row] for row in rows], [texts[row] for row in rows]
            grades.update(
                zip(rows, task_guard.grade(self.tasks[name], theirs, responses), strict=True)
            )
        return [grades[row] for row in range(len(texts))]


def _cut(text: str, stops: tuple[str, ...]) -> str:
    for stop in stops:
        text = text.split(stop, 1)[0]
    return text
