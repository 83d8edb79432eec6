"""One response as a line of the record."""

from __future__ import annotations

from typing import Literal

from srpo_bench.harness.config import Reward
from srpo_bench.harness.rollouts.collect import GradedCompletions
from srpo_bench.results.schema import Sample


def sample_line(
    step: int,
    phase: Literal["train", "eval", "final"],
    completions: GradedCompletions,
    reward: Reward,
    row: int,
    advantage: float | None,
    own_reward: float | None = None,
) -> Sample:
    """A line of samples.jsonl: one response, enough to grade it again."""
    problem, grade = completions.problem(row), completions.grades[row]
    line = Sample(
        step=step,
        phase=phase,
        problem=problem.id,
        task=problem.task,
        prompt=problem.question,
        response=completions.texts[row],
        answer=grade.answer,
        expected=problem.answer,
        outcome=grade.outcome.value,
        repeatable=grade.repeatable,
        reward=reward.of(grade),
        advantage=advantage,
        length=int(completions.responses.mask[row].sum()),
        truncated=bool(completions.responses.truncated[row]),
    )
    if grade.fields:
        line["rewards"] = dict(grade.fields)
    if own_reward is not None:
        line["own_reward"] = own_reward
    return line
