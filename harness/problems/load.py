"""The problems of a comparison: the prompt pool, the evaluation sets, and their digests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from srpo_bench.harness.config import Config, Scoring
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.problems import task_guard
from srpo_bench.harness.problems.isolation import require_isolation
from srpo_bench.harness.problems.known import tasks_of
from srpo_bench.harness.problems.seen import learnt, refuse_learnt, seen_by
from srpo_bench.harness.streams import stream
from srpo_bench.tasks.base import Problem, Split, Task, TaskError
from srpo_bench.tasks.contamination import contaminated
from srpo_bench.tasks.contradiction import contradictions
from srpo_bench.tasks.provenance import ORIGIN, Provenance, Role, provenance


@dataclass
class Problems:
    """Everything that is asked in a comparison, loaded once a run.

    pool: the training problems of any seed, by id.   pools: seed -> the ids of its own.
    evaluation: held-out problems by task.   final: those of the last scoring.
    excluded: training problems left out, because they stand in an evaluation set or do not fit the
    model's context, id -> why.   provenance: where each set comes from.
    notes: sentences for the report.
    """

    tasks: dict[str, Task]
    pool: dict[str, Problem]
    evaluation: dict[str, list[Problem]]
    final: dict[str, list[Problem]] = field(default_factory=dict)
    pools: dict[int, list[str]] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    provenance: list[Provenance] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def pool_of(self, seed: int) -> dict[str, Problem]:
        """What a run of this seed trains on, by id."""
        return {name: self.pool[name] for name in self.pools[seed]}

    @property
    def pool_size(self) -> int:
        """Prompts of the smallest pool."""
        return min(map(len, self.pools.values()))

    @property
    def pool_digest(self) -> str:
        """sha256 of all pools, in order: all there is of each problem. Where it was read is left to
        ``provenance``, so that one data set is the same as JSONL, as parquet and from the hub."""
        parts = [_digest(list(self.pool.values())), sorted(self.pools.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def seed_digest(self, seed: int) -> str:
        """sha256 of one seed's pool, in order."""
        return _digest(list(self.pool_of(seed).values()))

    @property
    def evaluation_digest(self) -> str:
        """sha256 of all evaluation sets, in order."""
        return _digest([p for problems in self.evaluation.values() for p in problems])

    @property
    def final_digest(self) -> str:
        """sha256 of the sets of the last scoring, in order."""
        return _digest([p for problems in self.final.values() for p in problems])

    def without(self, reasons: dict[str, str], note: str) -> Problems:
        """These without some training problems, id -> why, and with a sentence that says so."""
        lost = Counter(self.pool[name].task for name in reasons)
        sources = [s.copy() for s in self.provenance]
        for source in sources:
            if source["role"] == "train":
                source["used"] -= lost[source["task"]]
                source["excluded"] += lost[source["task"]]
        return replace(
            self,
            pool={name: p for name, p in self.pool.items() if name not in reasons},
            pools={s: [n for n in names if n not in reasons] for s, names in self.pools.items()},
            excluded=self.excluded | reasons,
            provenance=sources,
            notes=[*self.notes, note],
        )


def training_limit(config: Config, problems: Problems) -> int:
    """Tokens a training response may have: as set, or what the longest training task needs."""
    return config.rollout.max_new_tokens or max(
        problems.tasks[name].max_new_tokens for name in config.data.tasks
    )


def load_problems(config: Config, base: Path | None = None) -> Problems:
    """Load, choose and check every problem a comparison needs.

    Args:
        base: the model's folder; what it was grown on is no part of any pool.

    Raises:
        UserError: an unknown task, missing or malformed data, an empty pool, or held-out problems
            that the base was grown on.
    """
    data_dir, ev, last_split = config.data.data_dir, config.evaluation, config.final.split
    tasks = tasks_of(config.all_tasks)
    with as_user_error(TaskError):
        scored = config.evaluation_tasks
        held_out = {n: task_guard.load(tasks[n], ev.split, data_dir) for n in scored}
        last = {n: task_guard.load(tasks[n], last_split, data_dir) for n in config.final.tasks}
        train = {n: task_guard.load(tasks[n], "train", data_dir) for n in config.data.tasks}
        _refuse_shared_ids([*train.values(), *held_out.values(), *last.values()])
    evaluation, final = _limited(held_out, ev), _limited(last, config.final)
    scored_on = [p for group in [*evaluation.values(), *final.values()] for p in group]
    trained_on = [p for group in train.values() for p in group]
    seen = seen_by(base) if base else {}
    refuse_learnt(seen, scored_on)
    excluded = shared(trained_on, scored_on, tasks)
    excluded |= learnt(seen, trained_on)
    clean = [[p for p in problems if p.id not in excluded] for problems in train.values()]
    drawn = {seed: _choose(clean, config.data.pool_size, seed) for seed in config.seeds}
    pool = {p.id: p for problems in drawn.values() for p in problems}
    size = len(next(iter(drawn.values())))
    if size < config.rollout.prompts_per_step:
        raise UserError(
            f"The pool holds {size} prompts but a step needs "
            f"{config.rollout.prompts_per_step}: lower rollout.prompts_per_step or add data."
        )
    sources = [
        *(_trained_on(name, group, pool.values(), excluded) for name, group in train.items()),
        *_scored_on("evaluation", ev.split, held_out, evaluation),
        *_scored_on("final", last_split, last, final),
    ]
    pools = {seed: [p.id for p in problems] for seed, problems in drawn.items()}
    notes = [note for group in clean if (note := contradictions(group))]
    return Problems(tasks, pool, evaluation, final, pools, excluded, sources, notes)


def shared(
    trained_on: Iterable[Problem], scored_on: Iterable[Problem], tasks: Mapping[str, Task]
) -> dict[str, str]:
    """Ids of training problems that stand where it is scored, too, each with the reason.

    Raises:
        UserError: one is a procedural task's, which says that its splits share none.
    """
    train, made = _stored_and_made(trained_on, tasks)
    scored, asked = _stored_and_made(scored_on, tasks)
    ids = {p.question: p.id for p in asked}
    for problem in made:
        if problem.question in ids:
            raise UserError(
                f"Task '{problem.task}' says that it is procedural and its splits share nothing, "
                f"and its {problem.id!r} of train asks what {ids[problem.question]!r} asks where "
                "it is scored: make them share none, or leave out procedural."
            )
    return contaminated(train, scored)


def _stored_and_made(
    problems: Iterable[Problem], tasks: Mapping[str, Task]
) -> tuple[list[Problem], list[Problem]]:
    found: tuple[list[Problem], list[Problem]] = [], []
    for problem in problems:
        found[tasks[problem.task].procedural].append(problem)
    return found


def _limited(held_out: dict[str, list[Problem]], scoring: Scoring) -> dict[str, list[Problem]]:
    limit = scoring.problems
    return {
        name: problems[: limit.get(name) if isinstance(limit, dict) else limit]
        for name, problems in held_out.items()
    }


def _trained_on(
    name: str, group: list[Problem], pool: Iterable[Problem], excluded: dict[str, str]
) -> Provenance:
    used = sum(problem.task == name for problem in pool)
    left_out = sum(problem.id in excluded for problem in group)
    return provenance(name, "train", "train", group, used, left_out)


def _scored_on(
    role: Role,
    split: Split,
    loaded: Mapping[str, list[Problem]],
    used: Mapping[str, list[Problem]],
) -> list[Provenance]:
    return [provenance(n, role, split, loaded[n], len(group)) for n, group in used.items()]


def _choose(by_task: Sequence[list[Problem]], size: int | None, seed: int) -> list[Problem]:
    """``size`` problems, as evenly over tasks and levels as they allow, in a random order. They are
    the seed's own, equal for all arms, so that what varies over seeds is the pool as well."""
    strata: dict[tuple[str, str], list[Problem]] = {}
    for problems in by_task:
        for problem in problems:
            strata.setdefault((problem.task, problem.level), []).append(problem)
    generator = stream(seed, "pool")
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


def _refuse_shared_ids(groups: Iterable[list[Problem]]) -> None:
    """An id names one problem, whatever its task and split: the records know it by nothing else."""
    by_id: dict[str, Problem] = {}
    for problem in (p for group in groups for p in group):
        other = by_id.setdefault(problem.id, problem)
        if other != problem:
            where = (
                problem.task if other.task == problem.task else f"{other.task} and {problem.task}"
            )
            raise TaskError(
                f"Two problems of {where} have the id {problem.id!r}, {other.question!r:.60} and "
                f"{problem.question!r:.60}; ids are unique over all tasks and splits."
            )


def contents(groups: Mapping[str, list[Problem]]) -> dict[str, list[str]]:
    """task -> of each problem the beginning of a sha256 of all there is of it. An id may name
    another problem tomorrow: that of a row in a file is its place."""
    return {task: [_digest([p])[:12] for p in problems] for task, problems in groups.items()}


def _digest(problems: list[Problem]) -> str:
    contents = [
        {**vars(p), "meta": {k: v for k, v in p.meta.items() if k not in ORIGIN}} for p in problems
    ]
    try:
        text = json.dumps(contents, ensure_ascii=False, sort_keys=True)
    except TypeError as error:
        raise UserError(
            f"A problem's meta holds plain values, lists and mappings: {error}."
        ) from error
    return hashlib.sha256(text.encode()).hexdigest()


def load_final(config: Config) -> Problems:
    """The held-out problems of every task asked for; no training problem is read."""
    split, folder = config.final.split, config.data.data_dir
    tasks = tasks_of(config.final.tasks)
    with as_user_error(TaskError):
        loaded = {name: task_guard.load(task, split, folder) for name, task in tasks.items()}
        _refuse_shared_ids(loaded.values())
    require_isolation([name for name, task in tasks.items() if task.executes_code])
    final = _limited(loaded, config.final)
    return Problems(tasks, {}, {}, final, provenance=_scored_on("final", split, loaded, final))
