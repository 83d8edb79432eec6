"""One run's records as columns, file by file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.schema import PHASES, PROCESSOR
from srpo_bench.results.store import ResultsError, read_lines

Axis = Literal["steps", "responses", "tokens", "updates", "seconds", "flops"]
AXES: tuple[str, ...] = get_args(Axis)
"""What a run spends. seconds: rollout + grading + training + sync + other, without evaluation."""

MISMATCH = ("difference_mean", "difference_max", "kl", "ess_token", "ess_sequence")
"""What a step records of its engine against the learner, where the two were compared."""

CURVES = (
    *("length", "zero_variance", "all_correct", "pool_size", "reward", "epoch"),
    *("all_wrong", "truncated", "grad_norm", "repeated"),
    *(f"mismatch_{name}" for name in MISMATCH),
)
"""What reports draw and say of the training steps. Fractions are of the step's groups, truncated of
its responses; repeated: groups of a prompt that has one already."""


@dataclass(frozen=True, eq=False)
class Evals:
    """A run's evaluations as columns of length E. NaN where a run does not say."""

    step: Array
    accuracy: Array
    stderr: Array
    tasks: Mapping[str, Array]
    """task -> its accuracy."""
    spent: Mapping[str, Array]
    """axis -> running total at each evaluation; only axes the run knows."""
    first: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """task -> its whole score, at the first evaluation."""
    last: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The same at the last one."""
    errors: Mapping[str, Array] = field(default_factory=dict)
    """task -> the standard error of its accuracy."""

    def __len__(self) -> int:
        return len(self.step)


def read_evaluations(path: Path, clock: tuple[Array, Array] | None) -> Evals:
    """An evals.jsonl in order of step; where a step appears twice, the later line counts."""
    rows: dict[float, dict[str, Any]] = {}
    for number, line in enumerate(lines_of(path), 1):
        try:
            if line["accuracy"] is not None:
                if not math.isfinite(line["accuracy"]):
                    raise ValueError(line["accuracy"])
                for score in _scores(line).values():
                    score["accuracy"]  # each has one
                rows[float(line["step"])] = line
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ResultsError(
                f"{path}, line {number}: an evaluation needs a numeric step and accuracy ({error})."
            ) from error
    step = np.array(sorted(rows), dtype=float)
    ordered = [rows[s] for s in step.tolist()]
    scores = [_scores(line) for line in ordered]
    totals = [line.get("spent") or {} for line in ordered]
    tasks = dict.fromkeys(task for each in scores for task in each)
    spent = {axis: _column([total.get(axis) for total in totals]) for axis in AXES[1:]}
    spent = {axis: column for axis, column in spent.items() if not np.isnan(column).any()}
    if clock is not None and len(step) and clock[0][-1] >= step[-1]:  # the clock saw all of it
        spent["seconds"] = np.interp(step, *clock)
    return Evals(
        step=step,
        accuracy=_column([line["accuracy"] for line in ordered]),
        stderr=_column([line.get("stderr") for line in ordered]),
        tasks={t: _column([s[t]["accuracy"] if t in s else None for s in scores]) for t in tasks},
        spent={"steps": step, **spent} if len(step) else {},
        first=scores[0] if scores else {},
        last=scores[-1] if scores else {},
        errors={t: _column([s.get(t, {}).get("stderr") for s in scores]) for t in tasks},
    )


def _scores(line: Mapping[str, Any]) -> Mapping[str, Any]:
    return line.get("tasks") or {}


def read_steps(path: Path) -> tuple[Array, dict[str, Array], dict[str, float]]:
    """(S,) steps of a steps.jsonl, what ``CURVES`` names of them, and sums of the ledger."""
    lines = list(lines_of(path))
    for number, line in enumerate(lines, 1):
        if not isinstance(line.get("step"), int | float):
            raise ResultsError(f"{path}, line {number}: a step needs a number under 'step'.")
    named = ("step", "groups", "groups_all_correct", "groups_all_wrong")
    step, groups, right, wrong = (_column([line.get(n) for line in lines]) for n in named)
    groups[groups == 0] = np.nan
    curves = {
        name: _column([line.get(name) for line in lines])
        for name in ("length", "pool_size", "reward", "epoch", "truncated", "grad_norm")
    }
    curves |= {"zero_variance": (right + wrong) / groups, "all_correct": right / groups}
    curves |= {"all_wrong": wrong / groups, "repeated": _column(list(map(_repeated, lines)))}
    compared = [line.get("mismatch") or {} for line in lines]
    curves |= {f"mismatch_{n}": _column([gap.get(n) for gap in compared]) for n in MISMATCH}
    entries = [line.get("ledger") or {} for line in lines]
    names = dict.fromkeys(name for entry in entries for name in entry)
    return step, curves, {n: _sum([entry.get(n, 0) for entry in entries]) for n in names}


def _repeated(line: Mapping[str, Any]) -> int | None:
    """Groups of a step whose prompt has one already; None where it does not say."""
    groups = line.get("by_prompt")
    return None if groups is None else len(groups) - len({group["prompt"] for group in groups})


def read_timing(path: Path) -> tuple[tuple[Array, Array] | None, dict[str, float]]:
    """A timing.jsonl as running seconds without evaluation, by step, and totals by phase."""
    lines = list(lines_of(path))
    if not lines:
        return None, {}
    seconds = {p: np.nan_to_num(_column([line.get(p) for line in lines])) for p in PHASES}
    spent = np.cumsum(sum(row for p, row in seconds.items() if p != "evaluation"))
    sums = {f"seconds_{p}": float(row.sum()) for p, row in seconds.items()}
    for ending in ("", *(f"_{phase}" for phase in PHASES)):
        if all(f"{PROCESSOR}{ending}" in line for line in lines):
            spent_here = [float(line[f"{PROCESSOR}{ending}"]) for line in lines]
            sums[f"processor_seconds{ending}"] = _sum(spent_here)
    return (_column([line["step"] for line in lines]), spent), sums


def _sum(values: list[float]) -> float:
    """A whole number where all are; the same bits from every Python, whose ``sum`` has rounded
    otherwise since 3.12."""
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)


def _column(values: list[float | None]) -> Array:
    return np.array(values, dtype=float)  # None becomes NaN


def lines_of(path: Path) -> Iterable[dict[str, Any]]:
    """The whole lines of a JSONL file.

    Raises:
        ResultsError: a line that cannot be read, named with its file.
    """
    try:
        yield from read_lines(path)
    except (ValueError, OSError) as error:
        raise ResultsError(str(error)) from error
