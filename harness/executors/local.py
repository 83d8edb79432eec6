"""Runs a planned comparison: local worker processes side by side, each with its own threads."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from srpo_bench.children import import_path
from srpo_bench.harness.environment import settle
from srpo_bench.harness.machine import cores, pick_device
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun, locked, pending
from srpo_bench.harness.running import worker
from srpo_bench.results.store import read_json, write_json

POLL = 0.25
"""Seconds between looks at the workers."""


class InterruptedRunsError(Exception):
    """Ctrl-C: the workers have saved themselves and ended."""


def run_all(
    comparison: PlannedComparison,
    workers: int | None = None,
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Run what is pending, at most ``workers`` at a time (default: what the cores hold).

    A run that fails leaves the others alone. ``watch`` is called a few times a second.

    Raises:
        InterruptedRunsError: on Ctrl-C or SIGTERM, after every worker has saved itself.
        UserError: another process is at work on this comparison.
    """
    with locked(comparison.folder):
        _run_all(comparison, workers, watch)


def _run_all(comparison: PlannedComparison, workers: int | None, watch: Callable[[], None]) -> None:
    limit = workers or side_by_side(comparison)
    waiting = pending(comparison)
    for run in waiting:  # what an earlier attempt left behind is not this one's state
        worker.write_status(run.folder, "waiting", comparison.config.steps)
    context = _context(comparison.config.threads)
    running: dict[BaseProcess, PlannedRun] = {}
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                run = waiting.pop(0)
                process = context.Process(target=start, args=(run.folder,))
                process.start()
                running[process] = run
            time.sleep(POLL)
            for process in [p for p in running if not p.is_alive()]:
                _close(process, running.pop(process))
            watch()
    except KeyboardInterrupt as error:
        _stop(running)
        raise InterruptedRunsError from error
    except BaseException:
        _stop(running)
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)


def side_by_side(comparison: PlannedComparison) -> int:
    """Runs at a time where the user names none: what the cores hold; one on an accelerator."""
    if pick_device(comparison.config.model.device).type != "cpu":
        return 1
    return max(1, cores() // comparison.config.threads)


def _context(threads: int) -> Any:
    """Workers fork from a clean server that has imported the heavy libraries once."""
    settle(threads)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["srpo_bench.harness.running.loop", "transformers.models.llama.modeling_llama"]
    )
    return context


def start(folder: Path) -> None:
    """Entry point of a worker process: own log, own session, and an end with its parent's."""
    sys.path[:] = import_path()
    log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with suppress(PermissionError):  # it leads its session already
        os.setsid()  # Ctrl-C goes to the parent alone, which then asks its workers to stop
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    if worker.run_folder(folder) == "failed":
        sys.exit(1)


def _outlive_nobody() -> None:
    """Stop as on SIGTERM when the command that started this worker is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _close(process: BaseProcess, run: PlannedRun) -> None:
    """Record the end of a worker that could not do so itself."""
    process.join()
    status = run.folder / "status.json"
    record = read_json(status) if status.exists() else {"step": 0, "steps": 0}
    if record.get("state") in ("done", "failed", "stopped"):
        return
    how = process.exitcode or 0
    end = f"killed by signal {signal.Signals(-how).name}" if how < 0 else f"exit code {how}"
    write_json(status, {**record, "state": "failed", "reason": f"The worker died: {end}."})


def _stop(running: dict[BaseProcess, PlannedRun]) -> None:
    """Ask every worker to save itself after its step, wait, and close the books.

    A second Ctrl-C kills them; a resumed run then goes on from its last checkpoint.
    """
    print("Stopping: each run finishes its step and saves itself. Ctrl-C again kills them.")
    for process in running:
        process.terminate()
    try:
        for process in running:
            process.join()
    except KeyboardInterrupt:
        for process in running:
            process.kill()
    for process, run in running.items():
        _close(process, run)
