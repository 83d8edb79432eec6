"""The lines a run writes: from what happened to what ``srpo_bench.results.schema`` describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch

from srpo_bench.algorithms.batch import Batch
from srpo_bench.algorithms.samplers.base import Sampler
from srpo_bench.harness.config import Reward
from srpo_bench.harness.rollouts.collect import GradedCompletions
from srpo_bench.harness.rollouts.samples import sample_line
from srpo_bench.harness.running.learner import Update
from srpo_bench.results.schema import Evaluation, Ledger, Mismatch, Sample, Spent, Step, TaskScore

SAMPLED = 8
"""Problems of each task whose first response an evaluation records."""


def step_line(
    step: int,
    completions: GradedCompletions,
    reward: Reward,
    sampler: Sampler[Any],
    batch: Batch,
    update: Update,
    entry: Ledger,
    mismatch: Mismatch | None,
) -> Step:
    """A line of steps.jsonl."""
    by_group, grades = completions.accuracy_by_problem(), completions.rewards(reward)
    line = Step(
        step=step,
        reward=grades.reward.mean().item(),
        accuracy=by_group.mean().item(),
        length=completions.responses.mask.sum(1).double().mean().item(),
        truncated=completions.responses.truncated.double().mean().item(),
        groups=len(by_group),
        groups_all_correct=int((by_group == 1).sum()),
        groups_all_wrong=int((by_group == 0).sum()),
        pool_size=sampler.pool_size,
        epoch=sampler.epoch,
        by_prompt=by_prompt(completions),
        loss=update.loss,
        grad_norm=update.grad_norm,
        lr=update.lr,
        ledger=entry,
        algorithm={**sampler.metrics(), **batch.metrics, **update.metrics},
    )
    if grades.fields:
        line["rewards"] = {name: value.mean().item() for name, value in grades.fields.items()}
    if batch.reward is not None:
        line["own_reward"] = batch.reward.double().mean().item()
    if mismatch is not None:
        line["mismatch"] = mismatch
    return line


def training_samples(
    step: int, completions: GradedCompletions, batch: Batch, reward: Reward, first: int
) -> Iterator[Sample]:
    """The lines of a step's responses; ``first`` is the serial number of the first of them."""
    serials = batch.rollouts.serial.tolist()
    worth = dict(zip(serials, batch.advantage.tolist(), strict=True))
    own = {} if batch.reward is None else dict(zip(serials, batch.reward.tolist(), strict=True))
    for row in range(len(completions.texts)):
        values = worth.get(first + row), own.get(first + row)
        yield sample_line(step, "train", completions, reward, row, *values)


def by_prompt(completions: GradedCompletions) -> list[dict[str, str | int]]:
    """Every group: its prompt, and how many of its responses are right."""
    right = torch.zeros(len(completions.problems)).index_add_(
        0, completions.group, completions.accuracy().float()
    )
    n = torch.bincount(completions.group, minlength=len(completions.problems))
    return [
        {"prompt": problem.id, "right": int(r), "n": int(k)}
        for problem, r, k in zip(completions.problems, right.tolist(), n.tolist(), strict=True)
    ]


def evaluation_line(step: int, scores: dict[str, TaskScore], spent: Spent) -> Evaluation:
    """A line of evals.jsonl: the tasks weigh the same, whatever their size."""
    n = len(scores)
    return Evaluation(
        step=step,
        accuracy=sum(s["accuracy"] for s in scores.values()) / n,
        stderr=sum(s["stderr"] ** 2 for s in scores.values()) ** 0.5 / n,
        tasks=scores,
        spent=spent,
    )


def evaluation_samples(
    step: int, phase: Literal["eval", "final"], completions: GradedCompletions, reward: Reward
) -> list[Sample]:
    """The first response to each of a task's first ``SAMPLED`` problems."""
    rows = range(0, len(completions.texts), completions.n)[:SAMPLED]
    return [sample_line(step, phase, completions, reward, row, None) for row in rows]
