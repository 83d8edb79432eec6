"""The records of a comparison as pandas tables, for a notebook. docs/data.md describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srpo_bench.results.outcomes import Outcomes, evaluations, final
from srpo_bench.results.records import AXES
from srpo_bench.results.runs import Comparison, Run, read
from srpo_bench.results.statistics import problems, scores
from srpo_bench.results.store import FINAL, read_lines, read_record

KEYS = ("arm", "seed")
SCORE = ("accuracy", "stderr", "pass_at_k", "n", "k", "length")
ALL = "all"
"""Where a task would stand: the unweighted mean over tasks, which is what is judged."""
WHOLE = ("seed", "step", "steps", "n", "k")
"""Columns of whole numbers; missing ones are <NA>."""
NAMES = ("arm", "algorithm", "state", "phase", "task", "problem")
"""Columns that repeat few names."""


class Frames:
    """Tables of one comparison. Each is made when it is first looked at, and kept."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run: state, budget, accuracy at start and end, and what it has spent."""
        c = self._comparison
        columns = (
            *("arm", "algorithm", "seed", "baseline", "state", "reason", "step", "budget"),
            *("accuracy_start", "accuracy_end", *AXES[1:]),
        )
        return _frame((_run(run, c) for run in c.runs), columns)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """A row a training step: steps.jsonl with nested fields as ``ledger.responses``, and the
        seconds of timing.jsonl as ``seconds.rollout``."""
        return _frame(
            (line for run in self._comparison.runs for line in _steps(run)), (*KEYS, "step")
        )

    @cached_property
    def evals(self) -> pd.DataFrame:
        """A row an evaluation and task, and one (task ``all``) for their mean, with what had been
        spent. phase: ``evaluation`` while training, or ``final``."""
        columns = (*KEYS, "phase", "step", "task", *SCORE, "stderr_questions", *AXES[1:])
        return _frame((row for run in self._comparison.runs for row in _evals(run)), columns)

    @cached_property
    def problems(self) -> pd.DataFrame:
        """A row an evaluation and problem: right answers of k. Empty where records are older."""
        columns = (*KEYS, "phase", "step", "task", "problem", "correct", "k")
        return _frame((row for run in self._comparison.runs for row in _problems(run)), columns)


def frames(folder: str | Path) -> Frames:
    """The tables of a comparison directory.

    Raises:
        ResultsError: no comparison there, or a file that cannot be read.
    """
    return Frames(read(Path(folder)))


def _frame(rows: Iterator[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Rows as a table: these columns first and always, others as they come."""
    frame = pd.DataFrame.from_records(list(rows))
    table = frame.reindex(columns=[*columns, *(c for c in frame.columns if c not in columns)])
    kinds: dict[str, str] = {c: "Int64" for c in (*WHOLE, "correct", "budget") if c in table}
    kinds |= {c: "category" for c in NAMES if c in table}
    text = ("baseline", "reason")
    kinds |= {c: "float64" for c in columns if c not in kinds and c not in text}
    return table.astype(kinds)


def _run(run: Run, comparison: Comparison) -> dict[str, Any]:
    begun = len(run.evals) > 0
    return {
        "arm": run.arm,
        "algorithm": run.manifest.get("algorithm", run.arm),
        "seed": run.seed,
        "baseline": run.arm == comparison.baseline,
        "state": run.state,
        "reason": run.reason,
        "step": run.last_step if begun else None,
        "budget": run.contract.get("steps"),
        "accuracy_start": run.evals.accuracy[0] if begun else None,
        "accuracy_end": scores.at_end(run) if begun else None,
        **_spent(run, -1),
    }


def _spent(run: Run, evaluation: int) -> dict[str, float]:
    """Running totals at an evaluation; its step stands in a column of its own."""
    return {axis: x[evaluation] for axis, x in run.evals.spent.items() if axis != "steps"}


def _steps(run: Run) -> Iterator[dict[str, Any]]:
    clock = {line["step"]: line for line in read_lines(run.folder / "timing.jsonl")}
    for line in read_lines(run.folder / "steps.jsonl"):
        seconds = {f"seconds.{n}": v for n, v in clock.get(line["step"], {}).items() if n != "step"}
        yield {"arm": run.arm, "seed": run.seed, **_flat(line), **seconds}


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in line.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": v for inner, v in value.items()}
        else:
            flat[name] = value
    return flat


def _evals(run: Run) -> Iterator[dict[str, Any]]:
    lines = {float(line["step"]): line for line in read_lines(run.folder / "evals.jsonl")}
    outcomes = {float(step): tasks for step, tasks in evaluations(run.folder)}
    for i, step in enumerate(run.evals.step.tolist()):
        yield from _scores(run, "evaluation", lines[step], outcomes.get(step, {}), _spent(run, i))
    if run.final:
        line = read_record(run.folder / FINAL)
        yield from _scores(run, "final", line, final(run.folder), _spent(run, -1))


def _scores(
    run: Run,
    phase: str,
    line: Mapping[str, Any],
    outcomes: Mapping[str, Outcomes],
    spent: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    row = {"arm": run.arm, "seed": run.seed, "phase": phase, "step": line["step"]}
    mean = {"accuracy": line["accuracy"], "stderr": line.get("stderr")}
    yield {**row, "task": ALL, **mean, **spent}
    for task, score in (line.get("tasks") or {}).items():
        fields = {name: score.get(name) for name in SCORE}
        counted = outcomes.get(task)
        error = problems.error(counted.correct[0], counted.k) if counted else np.nan
        yield {**row, "task": task, **fields, "stderr_questions": error, **spent}


def _problems(run: Run) -> Iterator[dict[str, Any]]:
    scored = [("evaluation", step, tasks) for step, tasks in evaluations(run.folder)]
    if run.final:
        scored.append(("final", int(read_record(run.folder / FINAL)["step"]), final(run.folder)))
    for phase, step, tasks in scored:
        row = {"arm": run.arm, "seed": run.seed, "phase": phase, "step": step}
        for task, counted in tasks.items():
            for problem, correct in zip(counted.problems, counted.correct[0].tolist(), strict=True):
                yield {
                    **row, "task": task, "problem": problem, "correct": correct, "k": counted.k
                }  # fmt: skip
