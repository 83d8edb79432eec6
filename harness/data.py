"""The problems of a comparison: the prompt pool, the evaluation sets, and their digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from harness.config import Config
from harness.errors import UserError
from harness.streams import stream
from tasks import registry
from tasks.base import Problem, Task, TaskError
from tasks.contamination import contaminated

POOL_SEED = 0
"""Which problems form the pool is part of the contract, so it does not depend on the run's seed."""


@dataclass
class Problems:
    """Everything that is asked in a comparison, loaded once a run.

    pool: training problems by id.   evaluation: held-out problems by task.   excluded: training
    problems left out because they stand in an evaluation set, id -> why.   notes: sentences for the
    report.
    """

    tasks: dict[str, Task]
    pool: dict[str, Problem]
    evaluation: dict[str, list[Problem]]
    excluded: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def pool_digest(self) -> str:
        """sha256 of the pool, in order."""
        return _digest(list(self.pool.values()))

    @property
    def evaluation_digest(self) -> str:
        """sha256 of all evaluation sets, in order."""
        return _digest([p for problems in self.evaluation.values() for p in problems])


def training_limit(config: Config, problems: Problems) -> int:
    """Tokens a training response may have: as set, or what the longest training task needs."""
    return config.rollout.max_new_tokens or max(
        problems.tasks[name].max_new_tokens for name in config.data.tasks
    )


def evaluation_tasks(config: Config) -> tuple[str, ...]:
    """The tasks that are scored: those named, else those trained on."""
    return config.evaluation.tasks or config.data.tasks


def load_problems(config: Config) -> Problems:
    """Load, choose and check every problem a comparison needs.

    Raises:
        UserError: an unknown task, missing or malformed data, or an empty pool.
    """
    names = dict.fromkeys([*config.data.tasks, *evaluation_tasks(config)])
    try:
        tasks = {name: registry.get(name) for name in names}
        held_out = {name: _evaluation(tasks[name], config) for name in evaluation_tasks(config)}
        train = {
            name: tasks[name].load("train", config.data.data_dir) for name in config.data.tasks
        }
    except TaskError as error:
        raise UserError(str(error)) from error
    excluded = contaminated(_stored(train, tasks), _stored(held_out, tasks))
    clean = [[p for p in problems if p.id not in excluded] for problems in train.values()]
    pool = _choose(clean, config.data.pool_size)
    if len(pool) < config.rollout.prompts_per_step:
        raise UserError(
            f"The pool holds {len(pool)} prompts but a step needs "
            f"{config.rollout.prompts_per_step}: lower rollout.prompts_per_step or add data."
        )
    return Problems(tasks, {p.id: p for p in pool}, held_out, excluded)


def _stored(by_task: dict[str, list[Problem]], tasks: dict[str, Task]) -> list[Problem]:
    """Problems of stored data sets; procedural splits are disjoint by construction."""
    return [p for name, group in by_task.items() if not tasks[name].procedural for p in group]


def _evaluation(task: Task, config: Config) -> list[Problem]:
    problems = task.load(config.evaluation.split, config.data.data_dir)
    limit = config.evaluation.problems
    return problems[: limit.get(task.name) if isinstance(limit, dict) else limit]


def _choose(by_task: Sequence[list[Problem]], size: int | None) -> list[Problem]:
    """``size`` problems, as evenly over tasks and levels as they allow, in a fixed random order."""
    strata: dict[tuple[str, str], list[Problem]] = {}
    for problems in by_task:
        for problem in problems:
            strata.setdefault((problem.task, problem.level), []).append(problem)
    generator = stream(POOL_SEED, "pool")
    shuffled = [_shuffle(group, generator) for group in strata.values()]
    longest = max((len(group) for group in shuffled), default=0)
    dealt = [group[i] for i in range(longest) for group in shuffled if i < len(group)]
    if size is not None and size > len(dealt):
        raise UserError(
            f"data.pool_size={size} is more than the {len(dealt)} training problems there are."
        )
    return _shuffle(dealt[:size], generator)


def _shuffle(problems: list[Problem], generator: torch.Generator) -> list[Problem]:
    return [problems[i] for i in torch.randperm(len(problems), generator=generator).tolist()]


def _digest(problems: list[Problem]) -> str:
    text = json.dumps([[p.id, p.question, p.answer] for p in problems], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
