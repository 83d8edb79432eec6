"""Who solved which problem: right answers by problem, of a run, an arm, a checkpoint or a
``bench eval``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from srpo_bench.results.asked import Asked, differing, joined, of_run, of_scores
from srpo_bench.results.seal import check_seal
from srpo_bench.results.statistics.problems import Counts, Paired, paired
from srpo_bench.results.store import FINAL, ResultsError, read_lines, read_record, run_dirs

PHASES = ("final", "evaluation")
"""The last scoring, and the evaluations while training; they may ask other problems, otherwise."""
SCORES = "scores.json"
AT_SEED = re.compile(r"(?:.*/)?seed-(?P<seed>\d+)/step-(?P<step>\d+)")


@dataclass(frozen=True)
class Outcomes:
    """One task. problems: ids.   seeds: of the rows.   correct: (S, n) right of k.   contents: what
    the problems were, problem by problem; empty where the records do not say."""

    problems: tuple[str, ...]
    k: int
    seeds: tuple[int, ...]
    correct: Counts
    contents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """One side of a paired test. scored: phase -> task -> outcomes.   asked: phase -> how."""

    label: str
    scored: Mapping[str, Mapping[str, Outcomes]]
    asked: Mapping[str, Asked] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskTest:
    """A task on which both sides were scored, and what comes of it."""

    task: str
    seeds: int
    k: tuple[int, int]
    result: Paired


def compare(ours: Side, theirs: Side) -> tuple[str, list[TaskTest]]:
    """The phase that both sides have, and a paired test a task, on the problems and seeds of both.

    Raises:
        ResultsError: nothing in common; says what to do.
    """
    phase = next((p for p in PHASES if p in ours.scored and p in theirs.scored), None)
    if phase is None:
        phases = " and ".join(f"{s.label} has {' and '.join(s.scored)}" for s in (ours, theirs))
        raise ResultsError(
            f"The two were scored in different ways ({phases} scores): score both alike, with "
            "bench eval --model … --out …, and name the two folders."
        )
    mine, other = ours.scored[phase], theirs.scored[phase]
    tests = [_test(t, mine[t], other[t]) for t in mine if t in other]
    if not tests:
        raise ResultsError(
            f"{ours.label} was scored on {', '.join(mine)}, {theirs.label} on {', '.join(other)}: "
            "no task is in both."
        )
    return phase, tests


def known_to_differ(ours: Side, theirs: Side, phase: str) -> list[str]:
    """What beside the models differs between two sides, with both values."""
    mine, other = ours.scored[phase], theirs.scored[phase]
    changed = [_changed(task, mine[task], other[task]) for task in mine if task in other]
    return [
        *differing(ours.asked.get(phase, {}), theirs.asked.get(phase, {})),
        *(sentence for sentence in changed if sentence),
    ]


def read_side(path: Path) -> Side:
    """What a path names: a run, an arm of a comparison, RUN/checkpoints/step-N, or a model of
    what ``bench eval --out`` wrote (OUT, or OUT/LABEL).

    Raises:
        ResultsError: none of them, or one without outcomes by problem.
    """
    side = _read(path)
    if not side.scored:
        raise ResultsError(
            f"{path} holds no outcomes by problem: it is not scored yet, or was recorded by an "
            "older version. Score it anew with bench eval."
        )
    return side


def evaluations(run: Path) -> list[tuple[int, dict[str, Outcomes]]]:
    """(step, task -> outcomes) of a run's evaluations; those without outcomes are left out."""
    asked, seed = _problems(run, "evaluation"), _seed(run)
    lines = (
        (int(line["step"]), _tasks(line, asked, seed)) for line in read_lines(run / "evals.jsonl")
    )
    return [(step, tasks) for step, tasks in lines if tasks]


def final(run: Path) -> dict[str, Outcomes]:
    """task -> outcomes of a run's final scoring; empty where there is none."""
    if not (run / FINAL).is_file():
        return {}
    return _tasks(read_record(run / FINAL), _problems(run, "final"), _seed(run))


def _read(path: Path) -> Side:
    if (path / "manifest.json").is_file():
        return _run(path)
    run = path.parent.parent
    if path.parent.name == "checkpoints" and (run / "manifest.json").is_file():
        return _at_step(run, path)
    if (path / "comparison.json").is_file():
        arms = sorted({p.parent.name for p in run_dirs(path)})
        named = ", ".join(str(path / arm) for arm in arms)
        raise ResultsError(f"{path} is a whole comparison; name an arm of it: {named}.")
    scored = next((p for p in (path, *path.parents) if (p / SCORES).is_file()), None)
    if scored is not None:
        return _scored(scored, str(path.relative_to(scored)))
    runs = [run for run in run_dirs(path.parent) if run.parent == path]
    if not runs:
        raise ResultsError(
            f"{path} is no run, no arm, no checkpoint of a run and no folder that bench eval wrote."
        )
    return _joined(str(path), [_run(run) for run in runs])


def _run(run: Path) -> Side:
    phases = {}
    if tasks := final(run):
        phases["final"] = (int(read_record(run / FINAL)["step"]), tasks)
    if evaluated := evaluations(run):
        phases["evaluation"] = evaluated[-1]
    return _of_run(run, str(run), phases)


def _at_step(run: Path, path: Path) -> Side:
    accuracies = dict(evaluations(run))
    wanted = path.name.removeprefix("step-")
    if not wanted.isdecimal() or int(wanted) not in accuracies:
        steps = ", ".join(map(str, accuracies)) or "none"
        raise ResultsError(f"{run} has no evaluation at {path.name}; evaluated steps: {steps}.")
    return _of_run(run, str(path), {"evaluation": (int(wanted), accuracies[int(wanted)])})


def _of_run(run: Path, label: str, phases: Mapping[str, tuple[int, dict[str, Outcomes]]]) -> Side:
    """phases: phase -> the step at which it was scored, and the outcomes."""
    check_seal(run, besides=["samples.jsonl"])
    manifest = read_record(run / "manifest.json")
    asked = {phase: of_run(manifest, phase, step) for phase, (step, _) in phases.items()}
    return Side(label, {phase: tasks for phase, (_, tasks) in phases.items()}, asked)


def _scored(folder: Path, label: str) -> Side:
    """A model of a ``scores.json``, or the newest checkpoints of an arm in it, a row a seed."""
    record = read_record(folder / SCORES)
    models = list(record["models"])
    chosen = [label] if label in models else _newest(models, label)
    if not chosen and label == "." and len(models) == 1:
        chosen = models
    if not chosen:
        named = ", ".join(str(folder / model) for model in models)
        found = "several models" if label == "." else f"no model '{label}'"
        raise ResultsError(f"{folder} holds the scores of {found}; name one: {named}.")
    sides = [
        Side(
            str(folder / model),
            {"final": _of_model(record, model)},
            {"final": of_scores(record, model)},
        )
        for model in chosen
    ]
    return _joined(str(folder if label == "." else folder / label), sides)


def _newest(models: Iterable[str], arm: str) -> list[str]:
    newest: dict[str, tuple[int, str]] = {}
    for model in models:
        match = AT_SEED.fullmatch(model)
        if match and model.startswith(f"{arm}/seed-"):
            newest[match["seed"]] = max(
                newest.get(match["seed"], (-1, "")), (int(match["step"]), model)
            )
    return [model for _, model in newest.values()]


def _of_model(record: Mapping[str, Any], model: str) -> dict[str, Outcomes]:
    """A model's outcomes by each task's own metric, which comes first."""
    match = AT_SEED.fullmatch(model)
    seed = int(match["seed"]) if match else 0
    asked = _Problems(record.get("problems") or {}, record.get("contents") or {})
    tasks: dict[str, Outcomes] = {}
    for score in record["scores"]:
        if score["model"] == model and score["task"] not in tasks and score.get("correct"):
            task = score["task"]
            tasks[task] = _outcomes(score, asked, task, seed)
    return tasks


def _joined(label: str, sides: list[Side]) -> Side:
    """Several seeds as rows, of the phases and tasks that all of them have."""
    scored: dict[str, dict[str, Outcomes]] = {}
    for phase in PHASES:
        each = [side.scored[phase] for side in sides if phase in side.scored]
        if len(each) < len(sides):
            continue
        for task in each[0]:
            rows = [tasks[task] for tasks in each if task in tasks]
            if len(rows) == len(each) and len({(r.problems, r.k) for r in rows}) == 1:
                scored.setdefault(phase, {})[task] = Outcomes(
                    rows[0].problems,
                    rows[0].k,
                    tuple(r.seeds[0] for r in rows),
                    np.concatenate([r.correct for r in rows]),
                    rows[0].contents,
                )
    asked = {phase: joined(side.asked.get(phase, {}) for side in sides) for phase in scored}
    return Side(label, scored, asked)


def _test(task: str, ours: Outcomes, theirs: Outcomes) -> TaskTest:
    where = {problem: i for i, problem in enumerate(theirs.problems)}
    both = [(i, where[p]) for i, p in enumerate(ours.problems) if p in where]
    if not both:
        raise ResultsError(f"The two have no problem of {task} in common.")
    mine, other = (list(columns) for columns in zip(*both, strict=True))
    a, b = ours.correct[:, mine], theirs.correct[:, other]
    if len(a) > 1 and len(b) > 1:
        common = [s for s in ours.seeds if s in theirs.seeds]
        if not common:
            raise ResultsError("The two arms have no seed in common, so there are no pairs.")
        a = a[[ours.seeds.index(s) for s in common]]
        b = b[[theirs.seeds.index(s) for s in common]]
    result = paired(a, ours.k, b, theirs.k)
    return TaskTest(task, max(len(a), len(b)), (ours.k, theirs.k), result)


def _changed(task: str, ours: Outcomes, theirs: Outcomes) -> str:
    """That problems of one id are not the same ones, where both sides say what they were."""
    there = dict(zip(theirs.problems, theirs.contents, strict=False))
    here = zip(ours.problems, ours.contents, strict=False)
    both = [content == there[problem] for problem, content in here if problem in there]
    if all(both):
        return ""
    return (
        f"{both.count(False)} of {len(both)} problems of {task}, whose questions or answers are "
        "others under the same ids"
    )


def _tasks(line: Mapping[str, Any], asked: _Problems, seed: int) -> dict[str, Outcomes]:
    tasks = line.get("tasks") or {}
    return {
        task: _outcomes(score, asked, task, seed)
        for task, score in tasks.items()
        if score.get("correct") and task in asked.ids
    }


def _outcomes(score: Mapping[str, Any], asked: _Problems, task: str, seed: int) -> Outcomes:
    correct = np.array([score["correct"]], dtype=np.int64)
    ids, contents, n = asked.ids[task], asked.contents.get(task, []), correct.shape[1]
    if n != len(ids) or len(contents) not in (0, n):
        raise ResultsError(f"{n} outcomes for {len(ids)} problems: damaged records.")
    return Outcomes(tuple(ids), int(score["k"]), (seed,), correct, tuple(contents))


@dataclass(frozen=True)
class _Problems:
    """Of a record: task -> the problems' ids, and what they were."""

    ids: Mapping[str, list[str]]
    contents: Mapping[str, list[str]]


def _problems(run: Path, phase: str) -> _Problems:
    path = run.parents[1] / "comparison.json"
    plan = read_record(path) if path.is_file() else {}
    ids, contents = ((plan.get(name) or {}).get(phase) or {} for name in ("problems", "contents"))
    return _Problems(ids, contents)


def _seed(run: Path) -> int:
    return int(read_record(run / "manifest.json")["seed"])
