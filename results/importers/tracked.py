"""Runs of a W&B project or a trackio project, through the libraries' own interfaces.

trackio was read from data bases that it and TRL wrote here; W&B's server was never reached, so its
part follows wandb 0.31's own code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srpo_bench.results.importers import tensorboard
from srpo_bench.results.importers.logs import Row, Trainer
from srpo_bench.results.importers.record import CALLS, Notes, step_of
from srpo_bench.results.store import ResultsError

STEPS = (
    *("train/global_step", "eval/global_step", "training/global_step", "global_step"),
    *("_step", "step"),
)
"""Where a row says its step: the trainer's own word before the tracker's count of rows."""
OWN = ("_step", "step")
DOUBT = f"Runs that tell no step of their trainer's are read by the tracker's; {CALLS}."
INSTALL = "which is not installed: pip install 'srpo-bench[tracking]'."


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracker knows it. rows: oldest first.   state: W&B's word, empty of others."""

    name: str
    config: Mapping[str, Any]
    rows: Iterable[Mapping[str, Any]]
    state: str = ""


def wandb_runs(project: str) -> Iterator[TrackedRun]:
    """The runs of ``ENTITY/PROJECT``, as the user's own W&B settings reach it."""
    try:
        import wandb
    except ImportError as error:
        raise ResultsError(f"W&B projects are read by the package wandb, {INSTALL}") from error
    try:
        for run in wandb.Api().runs(project):
            state = str(run.state)
            yield TrackedRun(str(run.name), dict(run.config), run.scan_history(), state)
    except (wandb.Error, ValueError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultsError(f"W&B gives no runs of {project}: {why}") from error


def trackio_runs(project: str) -> Iterator[TrackedRun]:
    """The runs of a project in trackio's local data base (``TRACKIO_DIR``)."""
    try:
        import trackio
        from trackio.sqlite_storage import SQLiteStorage
    except ImportError as error:
        raise ResultsError(
            f"trackio projects are read by the package trackio, {INSTALL}"
        ) from error
    try:
        runs = list(trackio.Api().runs(project))
    except ValueError as error:
        projects = ", ".join(SQLiteStorage.get_projects()) or "none"
        raise ResultsError(
            f"There is no trackio project '{project}'; there are: {projects}."
        ) from error
    for run in runs:
        rows = SQLiteStorage.get_logs(project, run.name, run_id=run.id)
        yield TrackedRun(run.name, run.config or {}, rows)


def _is_media(row: Mapping[str, Any]) -> bool:
    """Does a row hold tables and pictures alone, such as the completions that TRL logs?"""
    logged = [v for k, v in row.items() if k not in (*STEPS, "timestamp") and k[:1] != "_"]
    return bool(logged) and all(isinstance(value, Mapping) for value in logged)


def trainer(run: TrackedRun) -> Trainer:
    """How to read a run: by the names of those trainers that log to trackers."""

    def rows(path: Path, notes: Notes) -> Iterator[Row]:
        if run.state not in ("", "finished"):
            notes.doubts.append(f"W&B says that {run.name} is {run.state}: is its log whole?")
        last = {True: 0, False: 0}  # by the tracker's count, by the trainer's
        for number, row in enumerate(run.rows, 1):
            key = next((k for k in STEPS if row.get(k) is not None), "")
            if key in OWN and _is_media(row):
                continue
            if key in OWN and DOUBT not in notes.doubts:
                notes.doubts.append(DOUBT)
            try:
                now = step_of(row.get(key))
            except ValueError as error:
                raise ResultsError(f"{path}, {run.name}, row {number}: {error}.") from error
            last[key in OWN] = max(last[key in OWN], now)
            yield Row(now, {k: v for k, v in row.items() if k not in STEPS}, number)
        budget = run.config.get("max_steps")
        stood = last[False] or last[True]
        if isinstance(budget, int) and budget >= stood > 0:
            notes.facts |= {"steps": budget, "last_step": stood}

    return Trainer(
        f"a run of {run.name}",
        rows,
        tensorboard.scores,
        tensorboard.cost,
        f"{run.name}, row",
        tensorboard.counts,
    )
