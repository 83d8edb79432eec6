"""Held-out accuracy: avg@k on fixed problems, with its sampling error."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import torch

from srpo_bench.harness.config import Config, Scoring
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.results.schema import TaskScore
from srpo_bench.tasks.base import Problem


def evaluate(
    collector: Collector,
    problems: dict[str, list[Problem]],
    settings: Scoring,
    max_new_tokens: int | None,
    generator: torch.Generator,
    wanted: Collection[str] | None = None,
) -> Iterator[tuple[str, TaskScore, GradedCompletions]]:
    """Score the policy task by task; without a limit of its own, each task's own holds.

    wanted: only these tasks; None: all of them.

    Tasks whose grading waits for processes are sampled first and graded while the others are
    sampled. Each has the random numbers that it would have in its turn.
    """
    k, engine = settings.k, collector.engine
    turns = {}
    for name, of_task in problems.items():
        limit = max_new_tokens or collector.tasks[name].max_new_tokens
        sampling = Sampling(settings.temperature, settings.top_p, limit)
        turns[name] = (sampling, generator.clone_state())
        engine.skip(len(of_task), k, sampling, generator)
    graded = {}
    asked = [name for name in problems if wanted is None or name in wanted]
    for name in sorted(asked, key=lambda name: not collector.tasks[name].grades_aside):
        completions = collector.generate(problems[name], k, *turns[name])
        graded[name] = collector.begin_grading(completions)
    for name in asked:
        completions = graded.pop(name)()
        yield name, score(completions), completions


def positions(
    collector: Collector, problems: Mapping[str, Sequence[Problem]], config: Config
) -> int:
    """Rows × positions, prompt and response, of the largest evaluation, or of a step with prompts
    as long: what a run's memory has held before its final benchmarks, which may be longer."""
    roll, most = config.rollout, 0
    for name, of_task in problems.items():
        rows = max(len(of_task) * config.evaluation.k, roll.prompts_per_step * roll.group_size)
        limit = roll.max_new_tokens or collector.tasks[name].max_new_tokens
        longest = max(len(collector.prompts.of(problem)) for problem in of_task)
        most = max(most, min(rows, roll.rows_at_once) * (longest + limit))
    return most


def score(completions: GradedCompletions) -> TaskScore:
    """Mean over problems of the mean over k samples.

    The standard error is that of the mean over these fixed problems: sqrt(Σ s²_p / k) / n with s²_p
    the unbiased variance of problem p's k samples. With k = 1 no problem shows its own variance,
    and the binomial sqrt(p(1−p)/n), an upper bound, stands in.
    """
    n, k = len(completions.problems), completions.n
    correct = completions.accuracy().double().view(n, k)
    accuracy = correct.mean().item()
    if k > 1:
        stderr = math.sqrt(correct.var(dim=1).sum().item() / k) / n
    else:
        stderr = math.sqrt(accuracy * (1 - accuracy) / n)
    return TaskScore(
        accuracy=accuracy,
        stderr=stderr,
        pass_at_k=correct.amax(dim=1).mean().item(),
        n=n,
        k=k,
        length=completions.responses.mask.sum(1).double().mean().item(),
        outcomes=dict(sorted(Counter(g.outcome.value for g in completions.grades).items())),
        correct=correct.sum(1).int().tolist(),
    )
