"""A comparison directory as arrays: one pass over its files, nothing kept that is not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.store import read_json, read_lines, run_dirs

Array = NDArray[np.float64]

AXES = ("steps", "responses", "tokens", "updates", "seconds", "flops")
"""What a run spends. seconds: rollout + grading + training + sync + other, without evaluation."""

MISMATCH = ("difference_mean", "difference_max", "kl", "ess_token", "ess_sequence")
"""What a step records of its engine against the learner, where the two were compared."""

CURVES = (
    *("length", "zero_variance", "all_correct", "pool_size", "reward", "epoch"),
    *(f"mismatch_{name}" for name in MISMATCH),
)
"""What is drawn of the training steps; fractions are of the step's groups."""


class ResultsError(ValueError):
    """The directory or the request is wrong; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Evals:
    """A run's evaluations as columns of length E. NaN where a run does not say."""

    step: Array
    accuracy: Array
    stderr: Array
    tasks: Mapping[str, Array]
    spent: Mapping[str, Array]
    """axis -> running total at each evaluation; only axes the run knows."""
    first: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """task -> its whole score, at the first evaluation."""
    last: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The same at the last one."""

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True)
class Run:
    """One arm at one seed."""

    folder: Path
    arm: str
    seed: int
    state: str
    """waiting | running | done | failed | stopped; evaluations without a status are done."""
    reason: str
    manifest: Mapping[str, Any]
    evals: Evals
    steps: Array
    """(S,) the recorded training steps."""
    curves: Mapping[str, Array]
    """name of ``CURVES`` -> (S,)."""
    totals: Mapping[str, float]
    """Sums over steps.jsonl of the ledger, and seconds by phase."""
    final: Mapping[str, Mapping[str, Any]]
    """task -> score of the final benchmark, if final.json is there."""

    @property
    def name(self) -> str:
        """``arm/seed-n``, as on disk."""
        return f"{self.arm}/seed-{self.seed}"

    @property
    def last_step(self) -> float:
        """The last evaluated step; 0 if there is none."""
        return float(self.evals.step[-1]) if len(self.evals) else 0.0

    @property
    def contract(self) -> Mapping[str, Any]:
        """Flat; None where an imported run does not know."""
        contract: Mapping[str, Any] = self.manifest.get("contract") or {}
        return contract


@dataclass(frozen=True)
class Comparison:
    """A directory of runs and the plan they follow."""

    folder: Path
    plan: Mapping[str, Any]
    runs: tuple[Run, ...]

    @cached_property
    def arms(self) -> list[str]:
        """Planned arms first, in plan order, then any other that has runs."""
        planned = [a["arm"] for a in self.plan.get("arms", [])]
        return list(dict.fromkeys([*planned, *(r.arm for r in self.runs)]))

    @property
    def baseline(self) -> str:
        """The plan's baseline; else grpo, else the first arm."""
        planned = self.plan.get("baseline")
        return next((a for a in (planned, "grpo") if a in self.arms), self.arms[0])

    @property
    def seeds(self) -> list[int]:
        """Planned seeds and those of runs."""
        return sorted({*self.plan.get("seeds", []), *(r.seed for r in self.runs)})

    def seeds_of(self, *arms: str) -> list[int]:
        """Planned seeds and those of runs of these arms."""
        return sorted({*self.plan.get("seeds", []), *(r.seed for r in self.runs if r.arm in arms)})

    @property
    def contract(self) -> Mapping[str, Any]:
        """The plan's contract, else the first run's."""
        planned: Mapping[str, Any] = self.plan.get("contract") or {}
        return planned or (self.runs[0].contract if self.runs else {})

    @cached_property
    def horizon(self) -> float:
        """The budget in steps: what the contract says, else the furthest evaluation of any run."""
        return float(self.contract.get("steps") or max((r.last_step for r in self.runs), default=0))

    def of(self, arm: str) -> list[Run]:
        """An arm's runs by seed."""
        return [r for r in self.runs if r.arm == arm]


def read(folder: Path) -> Comparison:
    """Read every run of a comparison directory.

    Raises:
        ResultsError: no comparison there, or a file that cannot be read (file and line named).
    """
    path = folder / "comparison.json"
    if not path.is_file():
        raise ResultsError(f"{folder} holds no comparison: it has no comparison.json.")
    plan = _object(path)
    runs = tuple(_run(d) for d in run_dirs(folder))
    if not runs:
        raise ResultsError(f"{folder} holds no runs yet; wait for the first, or `bench resume` it.")
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ResultsError(f"{folder} holds {twice} twice, by its manifests; a seed is one run.")
    return Comparison(folder, plan, runs)


def samples(run: Run) -> Iterable[dict[str, Any]]:
    """A run's recorded responses, oldest first."""
    return _lines(run.folder / "samples.jsonl")


def _run(folder: Path) -> Run:
    manifest = _object(folder / "manifest.json")
    steps, curves, totals = _steps(folder / "steps.jsonl")
    clock, phases = _timing(folder / "timing.jsonl")
    evals = _evals(folder / "evals.jsonl", clock)
    status = _object(folder / "status.json") if (folder / "status.json").is_file() else {}
    final = _object(folder / "final.json") if (folder / "final.json").is_file() else {}
    return Run(
        folder=folder,
        arm=str(manifest.get("arm", folder.parent.name)),
        seed=int(manifest.get("seed", folder.name.removeprefix("seed-"))),
        state=str(status.get("state") or ("done" if len(evals) else "waiting")),
        reason=str(status.get("reason") or ""),
        manifest=manifest,
        evals=evals,
        steps=steps,
        curves=curves,
        totals={**totals, **phases},
        final=final.get("tasks") or {},
    )


def _evals(path: Path, clock: tuple[Array, Array] | None) -> Evals:
    """Rows in order of step; where a step stands twice, the later line counts."""
    rows: dict[float, dict[str, Any]] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            if line["accuracy"] is not None:
                if not np.isfinite(line["accuracy"]):
                    raise ValueError(line["accuracy"])
                rows[float(line["step"])] = {
                    "accuracy": float(line["accuracy"]),
                    "stderr": line.get("stderr"),
                    "scores": (scores := line.get("tasks") or {}),
                    "tasks": {t: s["accuracy"] for t, s in scores.items()},
                    "spent": line.get("spent") or {},
                }
        except (KeyError, TypeError, ValueError) as error:
            raise ResultsError(
                f"{path}, line {number}: an evaluation needs a numeric step and accuracy ({error})."
            ) from error
    step = np.array(sorted(rows), dtype=float)
    ordered = [rows[s] for s in step]
    tasks = dict.fromkeys(t for row in ordered for t in row["tasks"])
    spent = {axis: _column(row["spent"].get(axis) for row in ordered) for axis in AXES[1:]}
    spent = {axis: column for axis, column in spent.items() if not np.isnan(column).any()}
    if clock is not None and len(step) and clock[0][-1] >= step[-1]:  # the clock saw all of it
        spent["seconds"] = np.interp(step, *clock)
    return Evals(
        step=step,
        accuracy=_column(row["accuracy"] for row in ordered),
        stderr=_column(row["stderr"] for row in ordered),
        tasks={t: _column(row["tasks"].get(t) for row in ordered) for t in tasks},
        spent={"steps": step, **spent} if len(step) else {},
        first=ordered[0]["scores"] if ordered else {},
        last=ordered[-1]["scores"] if ordered else {},
    )


def _steps(path: Path) -> tuple[Array, dict[str, Array], dict[str, float]]:
    step: list[float] = []
    columns: dict[str, list[float]] = {name: [] for name in CURVES}
    totals: dict[str, float] = {}
    for number, line in enumerate(_lines(path), 1):
        if not isinstance(line.get("step"), int | float):
            raise ResultsError(f"{path}, line {number}: a step needs a number under 'step'.")
        step.append(line["step"])
        groups = line.get("groups") or np.nan
        right = line.get("groups_all_correct", np.nan)
        wrong = line.get("groups_all_wrong", np.nan)
        columns["zero_variance"].append((right + wrong) / groups)
        columns["all_correct"].append(right / groups)
        for name in ("length", "pool_size", "reward", "epoch"):
            columns[name].append(line.get(name))  # type: ignore[arg-type]
        compared = line.get("mismatch") or {}
        for name in MISMATCH:
            columns[f"mismatch_{name}"].append(compared.get(name, np.nan))
        for name, value in (line.get("ledger") or {}).items():
            totals[name] = totals.get(name, 0) + value
    curves = {name: _column(values) for name, values in columns.items()}
    return np.array(step, dtype=float), curves, totals


def _timing(path: Path) -> tuple[tuple[Array, Array] | None, dict[str, float]]:
    """Running total of seconds without evaluation, by step, and totals by phase."""
    phases = ("rollout", "grading", "training", "sync", "evaluation", "other")
    rows = [[line.get(p) or 0.0 for p in ("step", *phases)] for line in _lines(path)]
    if not rows:
        return None, {}
    table = np.array(rows, dtype=float)
    spent = np.cumsum(table[:, [1, 2, 3, 4, 6]].sum(1))
    totals = table[:, 1:].sum(0)
    sums = {f"seconds_{p}": float(totals[i]) for i, p in enumerate(phases)}
    return (table[:, 0], spent), sums


def _column(values: Iterable[float | None]) -> Array:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        yield from read_lines(path)
    except (ValueError, OSError) as error:
        raise ResultsError(str(error)) from error


def _object(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
    except (ValueError, OSError) as error:
        raise ResultsError(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise ResultsError(f"{path} must hold a JSON object, not {type(value).__name__}.")
    return value
