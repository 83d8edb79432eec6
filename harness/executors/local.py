"""Processes of this machine, side by side: one an accelerator, or as many as the cores hold."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from srpo_bench.children import import_path
from srpo_bench.harness.environment import settle
from srpo_bench.harness.executors.base import Ended, Need, how
from srpo_bench.harness.machine import accelerators, cores
from srpo_bench.harness.planning.comparison import PlannedRun
from srpo_bench.harness.running import worker

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""What tells a process which accelerators there are for it."""

PRELOAD = ("srpo_bench.harness.running.loop", "transformers.models.llama.modeling_llama")
"""What the server imports, so that no worker has to."""

_STARTS = 10
_PAUSE = 0.2
"""Seconds between tries: a server that is dying takes a moment to be gone."""


class LocalExecutor:
    """Forks workers from a server that has imported the heavy libraries once."""

    def __init__(self, need: Need, workers: int | None = None) -> None:
        self._devices = accelerators() if need.gpus else []
        held = len(self._devices) if need.gpus else cores() // need.cpus
        self._places = workers or max(1, held)
        self._waiting: list[PlannedRun] = []
        self._running: dict[BaseProcess, PlannedRun] = {}
        self._on: dict[BaseProcess, str | None] = {}
        self._ended: list[Ended] = []
        self._context = _context(need.cpus)

    @property
    def side_by_side(self) -> int:
        """Runs at a time."""
        return self._places

    def start(self, runs: Sequence[PlannedRun]) -> None:
        """Queue them; the first ones start at once."""
        self._waiting += runs
        self._fill()

    def ended(self) -> list[Ended]:
        """Runs whose process is gone; their places are taken by those that wait."""
        for process in [p for p in self._running if not p.is_alive()]:
            process.join()
            self._on.pop(process)
            self._ended.append(Ended(self._running.pop(process), how(process.exitcode or 0)))
        self._fill()
        ended, self._ended = self._ended, []
        return ended

    def stop(self, now: bool) -> None:
        """Signal every worker; those that wait never start."""
        self._ended += [Ended(run, "it was stopped before it began") for run in self._waiting]
        self._waiting = []
        for process in self._running:
            process.kill() if now else process.terminate()

    def close(self) -> None:
        """End what is still at work, where the command was interrupted as it handed runs over: at
        its own end it would wait for them."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.join()

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._places:
            run, device = self._waiting.pop(0), self._free_device()
            try:
                process = self._begin(run, device)
            except (OSError, EOFError) as error:
                self._ended.append(Ended(run, f"its process does not start ({error})"))
            except BaseException:
                self._waiting.insert(0, run)  # or those who wait for it to end would wait for ever
                raise
            else:
                self._running[process], self._on[process] = run, device

    def _begin(self, run: PlannedRun, device: str | None) -> BaseProcess:
        """Its process. The server may have died, or die as it is asked: then the next one is."""
        for left in reversed(range(_STARTS)):
            process: BaseProcess = self._context.Process(target=start, args=(run.folder, device))
            try:
                _start_server()
                process.start()
                break
            except (OSError, EOFError):
                if not left:
                    raise
                time.sleep(_PAUSE)
        return process

    def _free_device(self) -> str | None:
        """The accelerator that the fewest runs are on; None: there is none to choose."""
        taken = list(self._on.values())
        return min(self._devices, key=taken.count, default=None)


def _context(threads: int) -> Any:
    settle(threads)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    return context


def _start_server() -> None:
    """Start the fork server unless it runs. It ignores Ctrl-C from the start: interrupted while it
    imports, it would print a traceback."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, heard)


def start(folder: Path, device: str | None = None) -> None:
    """Entry point of a worker process: own log, own session, and an end with its parent's."""
    with suppress(PermissionError):  # it leads its session already
        os.setsid()  # Ctrl-C goes to the parent alone, which then asks its workers to stop
    if device is not None:
        os.environ[VISIBLE] = device
    sys.path[:] = import_path()
    try:
        log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except FileNotFoundError:  # a probe that was stopped meanwhile has taken its folder away
        sys.exit(worker.CODES["stopped"])
    os.dup2(log, 1)
    os.dup2(log, 2)
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    sys.exit(worker.CODES[worker.run_folder(folder)])


def _outlive_nobody() -> None:
    """Stop as on SIGTERM when the command that started this worker is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
