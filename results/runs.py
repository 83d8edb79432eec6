"""A comparison directory as arrays: one pass over its files, nothing kept that is not used."""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.baseline import baseline_of
from srpo_bench.results.seal import check_seal, check_there
from srpo_bench.results.status import status_of
from srpo_bench.results.store import (
    PHASES,
    PROCESSOR,
    ResultsError,
    read_lines,
    read_plan,
    read_record,
    run_dirs,
)

Array = NDArray[np.float64]

AXES = ("steps", "responses", "tokens", "updates", "seconds", "flops")
"""What a run spends. seconds: rollout + grading + training + sync + other, without evaluation."""

MISMATCH = ("difference_mean", "difference_max", "kl", "ess_token", "ess_sequence")
"""What a step records of its engine against the learner, where the two were compared."""

LARGE = 100_000_000
"""Bytes of records from which on several processes read them."""

CURVES = (
    *("length", "zero_variance", "all_correct", "pool_size", "reward", "epoch"),
    *("all_wrong", "truncated", "grad_norm", "repeated"),
    *(f"mismatch_{name}" for name in MISMATCH),
)
"""What is drawn and told of the training steps. Fractions are of the step's groups, truncated is of
its responses; repeated: groups of a prompt that has one already."""


@dataclass(frozen=True, eq=False)
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
    def settings(self) -> dict[str, Any]:
        """The arm's own: of its algorithm, its sampler and, where it has any, the optimiser. Empty
        where the run was imported."""
        own = (self.manifest.get(f"{whose}_settings") or {} for whose in ("algorithm", "sampler"))
        optim = {f"optim.{name}": v for name, v in (self.manifest.get("optim") or {}).items()}
        return {name: value for part in own for name, value in part.items()} | optim

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

    @cached_property
    def algorithms(self) -> dict[str, str]:
        """arm -> the algorithm it runs; its own name where nothing says."""
        planned = {a["arm"]: a.get("algorithm") for a in self.plan.get("arms", [])}
        recorded = {run.arm: run.manifest.get("algorithm") for run in reversed(self.runs)}
        return {arm: recorded.get(arm) or planned.get(arm) or arm for arm in self.arms}

    @cached_property
    def samplers(self) -> dict[str, str]:
        """arm -> the sampler that it names; absent where it has its algorithm's own."""
        planned = self.plan.get("arms", [])
        return {a["arm"]: a["sampler"] for a in planned if a.get("sampler")}

    @property
    def baseline(self) -> str:
        """The plan's baseline, else the one that ``baseline_of`` the arms finds."""
        planned = self.plan.get("baseline")
        return planned if planned in self.arms else baseline_of(self.algorithms)

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
    check_seal(folder)
    plan = read_plan(path)
    check_there(folder, plan)
    runs = _runs(run_dirs(folder))
    if not runs:
        raise ResultsError(f"{folder} holds no runs yet; wait for the first, or `bench resume` it.")
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ResultsError(f"{folder} holds {twice} twice, by its manifests; a seed is one run.")
    return Comparison(folder, plan, runs)


def samples(run: Run) -> Iterable[dict[str, Any]]:
    """A run's recorded responses, oldest first."""
    check_seal(run.folder)
    return _lines(run.folder / "samples.jsonl")


def _runs(folders: list[Path]) -> tuple[Run, ...]:
    """Every run; where there is much to read, by as many processes as there are cores."""
    records = (f / name for f in folders for name in ("evals.jsonl", "steps.jsonl", "timing.jsonl"))
    size = sum(path.stat().st_size for path in records if path.is_file())
    # A fork takes over no threads: those of torch, after training, would leave it hanging.
    if size < LARGE or "torch" in sys.modules or sys.platform != "linux":
        return tuple(map(_run, folders))
    with ProcessPoolExecutor(mp_context=get_context("fork"), initializer=_quiet) as pool:
        return tuple(pool.map(_run, folders, chunksize=8))


def _quiet() -> None:
    """Ctrl-C reaches every process of a command; one sentence of it is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(folder: Path) -> Run:
    check_seal(folder, besides=["samples.jsonl"])  # large, and only the report's page reads it
    state, reason = status_of(folder)
    manifest = read_record(folder / "manifest.json")
    steps, curves, totals = _steps(folder / "steps.jsonl")
    clock, phases = _timing(folder / "timing.jsonl")
    evals = _evals(folder / "evals.jsonl", clock)
    final = read_record(folder / "final.json") if (folder / "final.json").is_file() else {}
    return Run(
        folder=folder,
        arm=str(manifest.get("arm", folder.parent.name)),
        seed=int(manifest.get("seed", folder.name.removeprefix("seed-"))),
        state=state or ("done" if len(evals) else "waiting"),
        reason=reason,
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
    tasks = dict.fromkeys(t for found in scores for t in found)
    spent = {axis: _column([found.get(axis) for found in totals]) for axis in AXES[1:]}
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
    )


def _scores(line: Mapping[str, Any]) -> Mapping[str, Any]:
    return line.get("tasks") or {}


def _steps(path: Path) -> tuple[Array, dict[str, Array], dict[str, float]]:
    lines = list(_lines(path))
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
    curves |= {f"mismatch_{n}": _column([found.get(n) for found in compared]) for n in MISMATCH}
    entries = [line.get("ledger") or {} for line in lines]
    names = dict.fromkeys(name for entry in entries for name in entry)
    return step, curves, {n: sum(entry.get(n, 0) for entry in entries) for n in names}


def _repeated(line: Mapping[str, Any]) -> int | None:
    """Groups of a step whose prompt has one already; None where it does not say."""
    groups = line.get("by_prompt")
    return None if groups is None else len(groups) - len({group["prompt"] for group in groups})


def _timing(path: Path) -> tuple[tuple[Array, Array] | None, dict[str, float]]:
    """Running total of seconds without evaluation, by step, and totals by phase."""
    lines = list(_lines(path))
    if not lines:
        return None, {}
    seconds = {p: np.nan_to_num(_column([line.get(p) for line in lines])) for p in PHASES}
    spent = np.cumsum(sum(row for p, row in seconds.items() if p != "evaluation"))
    sums = {f"seconds_{p}": float(row.sum()) for p, row in seconds.items()}
    if all(PROCESSOR in line for line in lines):
        sums["processor_seconds"] = float(sum(line[PROCESSOR] for line in lines))
    return (_column([line["step"] for line in lines]), spent), sums


def _column(values: list[float | None]) -> Array:
    return np.array(values, dtype=float)  # None becomes NaN


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        yield from read_lines(path)
    except (ValueError, OSError) as error:
        raise ResultsError(str(error)) from error
