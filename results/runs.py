"""A comparison directory as arrays: one pass over its files, nothing kept that is not used."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from srpo_bench.results.array import Array
from srpo_bench.results.baseline import baseline_of
from srpo_bench.results.records import Evals, lines_of, read_evaluations, read_steps, read_timing
from srpo_bench.results.seal import check_seal, check_there, mendable
from srpo_bench.results.status import status_of
from srpo_bench.results.store import FINAL, STATUS, ResultsError, read_plan, read_record, run_dirs

LARGE = 100_000_000
"""Bytes of records from which on several processes read them."""


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
        """arm -> the sampler that it names; absent where it has its algorithm's own. An imported
        arm's algorithm is its whole name, and what stands behind a ``+`` in it a sampler."""
        planned = {a["arm"]: a.get("sampler") for a in self.plan.get("arms", [])}
        named = {
            arm: planned.get(arm) or algorithm.partition("+")[2]
            for arm, algorithm in self.algorithms.items()
        }
        return {arm: sampler for arm, sampler in named.items() if sampler}

    @property
    def baseline(self) -> str:
        """The plan's baseline, else the one that ``baseline_of`` the arms finds."""
        planned = self.plan.get("baseline")
        return planned if planned in self.arms else baseline_of(self.algorithms)

    def spelled(self, arm: str) -> str:
        """An arm as it is written here, whatever case it is named in."""
        alike = [a for a in self.arms if a.casefold() == arm.casefold()]
        return arm if arm in alike or not alike else alike[0]

    @property
    def vouched(self) -> bool:
        """Whether the user vouched, as it was imported, that its runs are matched."""
        return bool(self.plan.get("vouched_matched"))

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

    @property
    def notes(self) -> list[str]:
        """What a reader must know: of model and problems, and what an arm's methods say of its
        runs."""
        planned: list[str] = self.plan.get("notes") or []
        said = [(r.arm, note) for r in self.runs for note in r.manifest.get("notes") or []]
        own = [f"{arm}: {note}" for arm, note in dict.fromkeys(said) if note not in planned]
        return [*planned, *own]

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
    if "config" in plan:  # trained here
        for run in runs:
            _check_end(run)
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ResultsError(f"{folder} holds {twice} twice, by its manifests; a seed is one run.")
    return Comparison(folder, plan, runs)


def samples(run: Run) -> Iterable[dict[str, Any]]:
    """A run's recorded responses, oldest first."""
    check_seal(run.folder)
    return lines_of(run.folder / "samples.jsonl")


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
    with mendable(folder):
        steps, curves, totals = read_steps(folder / "steps.jsonl")
        clock, phases = read_timing(folder / "timing.jsonl")
        evals = read_evaluations(folder / "evals.jsonl", clock)
        final = read_record(folder / FINAL) if (folder / FINAL).is_file() else {}
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


def _check_end(run: Run) -> None:
    """One that says it is done was evaluated at its last step, sealed or not."""
    steps, says = run.contract.get("steps"), run.state if (run.folder / STATUS).is_file() else ""
    if says == "done" and steps is not None and run.last_step != steps:
        with mendable(run.folder):
            raise ResultsError(
                f"{run.folder / 'evals.jsonl'} ends at step {run.last_step:g} of {steps}, and the "
                "run is done: its end is lost."
            )
