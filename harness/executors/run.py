"""The runs of a comparison, from the first that is pending to the last that has ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from srpo_bench.harness.executors.base import SUPERSEDED, Ended, Executor
from srpo_bench.harness.planning.comparison import PlannedComparison, locked, pending
from srpo_bench.harness.running.worker import write_status
from srpo_bench.results.store import STOP, read_json, write_json

POLL = 0.25
"""Seconds between looks at the executor."""


ENDED = ("done", "failed", "stopped")


class InterruptedRunsError(Exception):
    """Ctrl-C: the runs have saved themselves and ended."""


def run_all(
    comparison: PlannedComparison, executor: Executor, watch: Callable[[], None] = lambda: None
) -> None:
    """Run what is pending. A run that fails leaves the others alone.

    Args:
        watch: called a few times a second.

    Raises:
        InterruptedRunsError: on Ctrl-C or SIGTERM, after every run has saved itself.
        UserError: another process is at work on this comparison.
    """
    with locked(comparison.folder):
        (comparison.folder / STOP).unlink(missing_ok=True)
        runs = pending(comparison)
        for run in runs:  # what an earlier attempt left behind is not this one's state
            write_status(run.folder, "waiting", comparison.config.steps)
        previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            executor.start(runs)
            left = len(runs)
            while left:
                time.sleep(POLL)
                left -= _close(executor.ended())
                watch()
        except KeyboardInterrupt as error:
            _stop(comparison.folder, executor, left)
            raise InterruptedRunsError from error
        except BaseException:
            _stop(comparison.folder, executor, left)
            raise
        finally:
            signal.signal(signal.SIGTERM, previous)
            executor.close()


def _close(ended: list[Ended]) -> int:
    """Record the end of runs that could not do so themselves; how many have ended."""
    for end in ended:
        path = end.run.folder / "status.json"
        record = read_json(path) if path.exists() else {"step": 0, "steps": 0}
        if record.get("state") not in ENDED and end.how != SUPERSEDED:
            reason = f"The worker died: {end.how or 'nobody knows how'}."
            write_json(path, {**record, "state": "failed", "reason": reason})
    return len(ended)


def _stop(folder: Path, executor: Executor, left: int) -> None:
    """Have every run save itself after its step, and wait.

    A second Ctrl-C kills them; a resumed run then goes on from its last checkpoint.
    """
    print("Stopping: each run finishes its step and saves itself. Ctrl-C again kills them.")
    (folder / STOP).touch()
    now = False
    while left:
        try:
            executor.stop(now)
            while left:
                time.sleep(POLL)
                left -= _close(executor.ended())
        except KeyboardInterrupt:
            now = True
    (folder / STOP).unlink(missing_ok=True)
