"""The runs of a comparison, from the first that is pending to the last that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from srpo_bench.harness.errors import RunError, as_user_error
from srpo_bench.harness.executors.base import SUPERSEDED, Ended, Executor
from srpo_bench.harness.executors.room import require_room
from srpo_bench.harness.planning.comparison import (
    PlannedComparison,
    PlannedRun,
    locked,
    pending,
    status,
)
from srpo_bench.harness.running.intact import check
from srpo_bench.harness.running.worker import PATIENCE, is_held, write_status
from srpo_bench.results.attempts import attempts
from srpo_bench.results.status import GONE
from srpo_bench.results.store import STATUS, STOP, read_json, saved, write_json

POLL = 0.25
"""Seconds between looks at the executor."""

LAST = ("done", "failed", "stopped")
"""States that a run writes down itself as it ends."""


def run_all(
    comparison: PlannedComparison,
    executor: Executor,
    watch: Callable[[], None] = lambda: None,
    *,
    kept: bool = True,
) -> None:
    """Run what is pending. A run that fails leaves the others alone.

    Args:
        watch: called a few times a second.
        kept: whether a run that is stopped will be gone on with; one that will not is killed.

    Raises:
        KeyboardInterrupt: after every run has saved itself and ended.
        UserError: another process is at work on this comparison, or the disk is too full for it.
    """
    with locked(comparison.folder):
        (comparison.folder / STOP).unlink(missing_ok=True)
        runs = pending(comparison)
        require_room(comparison, runs)
        for run in runs:
            _check(run)
            before = status(run)
            if before.state == "running" or before.reason == GONE:
                print(left_behind(run))
        for run in runs:  # what an earlier attempt left behind is not this one's state
            write_status(run.folder, "waiting", comparison.config.steps)
        left = 0  # stopped while they are handed over, runs end with the command that began them
        try:
            executor.start(runs)
            left = len(runs)
            while left:
                time.sleep(POLL)
                stopping = (comparison.folder / STOP).exists()  # by whoever wrote that file
                ended = executor.ended()
                left -= len(ended)  # first: a full disk may refuse the record of it
                _close(ended, stopping)
                watch()
        except BaseException:
            if left:
                _stop(comparison.folder, executor, left, kept)
            raise
        finally:
            executor.close()


def left_behind(run: PlannedRun) -> str:
    """What became of a run that says it is running and that no command follows."""
    made = attempts(run.folder)
    who = f"process {made[-1].get('process')} on {made[-1].get('host')}" if made else "a process"
    if is_held(run.folder / "pid"):
        return (
            f"{run.name} is still at work in {who}, which no command follows: it has "
            f"{PATIENCE:.0f} s to end, then the run is taken over."
        )
    return (
        f"{run.name} was left as running by {who}, which is gone: it goes on from its checkpoint."
    )


def _check(run: PlannedRun) -> None:
    """What a run would go on from is as it was written: reported now, not after an hour.

    Raises:
        UserError: it is not.
    """
    steps = saved(run.folder)
    if steps:
        with as_user_error(RunError):
            check(run.folder, run.folder / "checkpoints" / f"step-{steps[-1]}")


def _close(ended: list[Ended], stopping: bool) -> None:
    """Record the end of runs that could not do so themselves.

    Where all are being stopped, one that waits for its place goes on waiting, for bench resume.
    """
    for end in ended:
        path = end.run.folder / STATUS
        record: dict[str, Any] = {"step": 0, "steps": 0}
        with suppress(OSError, ValueError):  # killed as it wrote, or there is none
            record = read_json(path)
        waits = stopping and record.get("state") == "waiting"
        if not waits and record.get("state") not in LAST and end.how != SUPERSEDED:
            reason = f"The worker died: {end.how or 'nobody knows how'}."
            write_json(path, {**record, "state": "failed", "reason": reason})


def _stop(folder: Path, executor: Executor, left: int, kept: bool) -> None:
    """Have every run save itself after its step, where it is kept, and wait.

    A second Ctrl-C kills them; a resumed run then goes on from its last checkpoint.
    """
    if kept:
        print("Stopping: each run finishes its step and saves itself. Ctrl-C again kills them.")
    (folder / STOP).touch()
    now = not kept
    while left:
        try:
            executor.stop(now)
            while left:
                time.sleep(POLL)
                ended = executor.ended()
                left -= len(ended)
                with suppress(OSError):  # what cannot be recorded is no reason to leave the others
                    _close(ended, stopping=True)
        except KeyboardInterrupt:
            now = True
    (folder / STOP).unlink(missing_ok=True)
