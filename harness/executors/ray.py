"""A Ray cluster: one task a run, which starts the unit and waits for it.

Ray's part is to find a place and to try again when a node is lost. A run that fails by itself is
not tried again, and nothing of a run goes through Ray's object store.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srpo_bench.harness.environment import settle
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.base import Ended, Need, command, how, last_words
from srpo_bench.harness.planning.comparison import PlannedRun
from srpo_bench.results.store import STOP

LOST_NODES = 5
"""Times a run is begun again because its node was lost."""

POLL = 0.5
"""Seconds between a task's looks at its process: a task that blocks cannot be cancelled."""


class RayExecutor:
    """Submits runs to a cluster that is up, or to one of its own on this machine."""

    def __init__(
        self, folder: Path, need: Need, address: str | None, workers: int | None = None
    ) -> None:
        self._ray = _ray()
        self._folder, self._need = folder.absolute(), need
        self._stderr = DivertedStderr(folder / "ray.log" if folder.is_dir() else Path(os.devnull))
        try:
            self._own = _join(self._ray, address, need, workers)
        except BaseException:
            self._stderr.end()
            raise
        self._tasks: dict[Any, PlannedRun] = {}
        self._dropped: list[Ended] = []

    @property
    def side_by_side(self) -> int:
        """Runs at a time, by the cluster's resources as they are now."""
        has = self._ray.cluster_resources()
        by_cores = int(has.get("CPU", 0)) // self._need.cpus
        by_gpus = int(has.get("GPU", 0)) // self._need.gpus if self._need.gpus else by_cores
        return max(1, min(by_cores, by_gpus))

    def once(self, words: list[str]) -> str:
        """Run a command somewhere in the cluster; what it printed, where it failed."""
        task = self._ray.remote(_once).options(
            num_cpus=self._need.cpus, num_gpus=self._need.gpus, resources=self._kind()
        )
        try:
            return str(self._ray.get(task.remote(words, self._need.cpus)))
        except self._ray.exceptions.RayError as error:
            return f"Ray gave it up ({type(error).__name__})"

    def start(self, runs: Sequence[PlannedRun]) -> None:
        """Submit all; Ray keeps those for which there is no place yet."""
        task = self._ray.remote(_unit).options(
            num_cpus=self._need.cpus,  # Ray counts the node's cores, not the container's
            num_gpus=self._need.gpus,
            memory=self._need.memory,  # nodes with many cores and little memory take fewer
            resources=self._kind(),
            max_retries=LOST_NODES,
            retry_exceptions=False,
        )
        for run in runs:
            self._tasks[task.remote(str(run.folder.resolve()), self._need.cpus)] = run

    def ended(self) -> list[Ended]:
        """Runs whose task is over."""
        if self._tasks:
            done, _ = self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
            self._dropped += [Ended(self._tasks.pop(task), self._how(task)) for task in done]
        ended, self._dropped = self._dropped, []
        return ended

    def stop(self, now: bool) -> None:
        """Tasks that wait are cancelled; those at work see the stop file, or are killed."""
        (self._folder / STOP).write_text("now" if now else "")
        for task in self._tasks:
            with contextlib.suppress(Exception):  # it may have ended meanwhile
                self._ray.cancel(task, force=now)

    def close(self) -> None:
        """Leave the cluster; one of our own ends with it."""
        self._ray.shutdown()
        self._stderr.end()
        if self._own is not None:
            self._own.cleanup()

    def _kind(self) -> dict[str, float]:
        """Keeps runs off nodes whose accelerator is another, where Ray's names tell them apart:
        ``accelerator_type:A100`` for an "NVIDIA A100-SXM4-40GB"."""
        kinds = [n for n in self._ray.cluster_resources() if n.startswith("accelerator_type:")]
        name = self._need.kind or ""
        mine = [n for n in kinds if n.partition(":")[2] in name]
        return {max(mine, key=len): 0.001} if mine else {}

    def _how(self, task: Any) -> str:
        try:
            code = int(self._ray.get(task))
        except self._ray.exceptions.RayError as error:
            return f"Ray gave it up ({type(error).__name__})"
        return how(code)


class DivertedStderr:
    """Sends what is written to stderr into a file: where nodes die, Ray's own threads flood it,
    past every setting of its logs, and would tear up the live table."""

    def __init__(self, path: Path) -> None:
        sys.stderr.flush()
        self._stderr: int | None = os.dup(2)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 2)
        os.close(log)

    def end(self) -> None:
        """Stderr is itself again; a second time is one too many and does no harm."""
        if self._stderr is not None:
            sys.stderr.flush()
            os.dup2(self._stderr, 2)
            os.close(self._stderr)
            self._stderr = None


def _unit(folder: str, threads: int) -> int:
    """What a task does: the unit in a process of its own, which never outlives the task."""
    run = Path(folder)
    stop = run.parents[1] / STOP
    if stop.exists():
        return 130
    settle(threads)
    with (run / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command(run), stdout=log, stderr=log, start_new_session=True, preexec_fn=_die_with_task
        )
    stopping = False
    try:
        while process.poll() is None:
            time.sleep(POLL)
            if stop.exists() and not stopping:
                process.terminate()
                stopping = True
            if stopping and stop.exists() and stop.read_text() == "now":
                process.kill()
    finally:
        if process.poll() is None:  # the task was cancelled
            process.terminate()
            process.wait()
    return process.returncode


def _once(words: list[str], threads: int) -> str:
    """What a task does that runs a command."""
    settle(threads)
    return last_words(words)


def _die_with_task() -> None:
    """Linux: the process is killed when the task's process is, however that ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise UserError(
            "--executor ray needs Ray: pip install 'srpo-bench[ray]', or use --executor local."
        ) from None
    return ray


def _join(
    ray: Any, address: str | None, need: Need, workers: int | None
) -> tempfile.TemporaryDirectory[str] | None:
    """Join the cluster at an address, or start one; never somebody else's without a word."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is not None:
        quiet.pop("include_dashboard")
        try:
            ray.init(address=address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"No Ray cluster answers at '{address}': {reason}") from error
        return None
    from srpo_bench.harness.machine import cores

    os.environ.pop("RAY_ADDRESS", None)
    folder = tempfile.TemporaryDirectory(prefix="bench-ray-")
    cpus = need.cpus * workers if workers else cores()
    ray.init(address="local", num_cpus=cpus, _temp_dir=folder.name, **quiet)
    return folder
