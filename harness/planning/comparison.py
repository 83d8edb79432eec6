"""A planned comparison, its runs and their states."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.plugins.entered import FilePlugin
from srpo_bench.results.status import Status, status_of
from srpo_bench.results.store import FINAL, ResultsError

LOCK = ".lock"


@dataclass(frozen=True)
class PlannedRun:
    """One run to be done."""

    folder: Path
    arm: Arm
    seed: int

    @property
    def name(self) -> str:
        """``srpo/seed-3``."""
        return f"{self.arm.name}/seed-{self.seed}"


@dataclass
class PlannedComparison:
    """A planned comparison and where it lives.

    parameters: how many numbers the base's weights are; 0: an older plan does not say.
    accelerator: its name; None: a CPU, or not planned yet.
    notes: what a reader of the results should know of model and problems.
    """

    folder: Path
    config: Config
    arms: list[Arm]
    base: Path
    device: str = "cpu"
    parameters: int = 0
    plugins: list[FilePlugin] = field(default_factory=list)
    accelerator: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def runs(self) -> list[PlannedRun]:
        """Seed by seed, so that pairs become complete together."""
        return [
            PlannedRun(self.folder / arm.name / f"seed-{seed}", arm, seed)
            for seed in self.config.seeds
            for arm in self.arms
        ]


def pending(comparison: PlannedComparison) -> list[PlannedRun]:
    """Runs that are not done yet, or whose final scores are missing."""
    final = bool(comparison.config.final.tasks)
    return [
        run
        for run in comparison.runs
        if state(run) != "done" or (final and not (run.folder / FINAL).exists())
    ]


def state(run: PlannedRun) -> str:
    """A run's state, "waiting" before it has one.

    Raises:
        UserError: its files are damaged.
    """
    return status(run).state or "waiting"


def status(run: PlannedRun) -> Status:
    """Its state, and why it ended.

    Raises:
        UserError: its files are damaged.
    """
    with as_user_error(ResultsError):
        return status_of(run.folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Plan and run a comparison alone: a second process is refused at once. The lock dies with
    its process, however that ends.

    Raises:
        UserError: another process holds it.
    """
    path = folder / LOCK
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino
        except BlockingIOError:
            held = False
        if not held:  # a file that its holder has removed meanwhile locks nothing
            lock.seek(0)
            who = lock.read().strip()
            raise UserError(
                f"{folder} is being planned or run by another bench{f', {who}' if who else ''}; "
                f"look at it with bench report {quote(str(folder))} --watch, or stop that one "
                "first."
            )
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {platform.node()} since {time.strftime('%H:%M')}")
        lock.flush()
        yield
