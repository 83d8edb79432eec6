"""The seam between a comparison and whatever runs its runs.

An executor starts one unit: ``python -P -m srpo_bench.harness.running FOLDER``, or the function
behind it. It knows neither what a run computes nor what others there are; the comparison keeps the
list, the lock and the books.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from srpo_bench.harness.config import Config
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun


@dataclass(frozen=True)
class Need:
    """What one run takes.

    cpus: cores.   gpus: accelerators, 0 or 1.   memory: bytes of the machine's own that it holds at
    least; 0: not known, or they are the accelerator's.   kind: the accelerator's name; None: any.
    """

    cpus: int
    gpus: int = 0
    memory: int = 0
    kind: str | None = None


@dataclass(frozen=True)
class Ended:
    """A run whose process is gone. ``how`` is why, where the process could not say so itself."""

    run: PlannedRun
    how: str = ""


SUPERSEDED = "exit code 75"
"""How a unit ends when a later attempt has taken its run over, and with it the status."""


class Executor(Protocol):
    """Runs planned runs.

    side_by_side: how many it runs at a time, as far as it knows.
    """

    @property
    def side_by_side(self) -> int:
        """Runs at a time."""
        ...

    def start(self, runs: Sequence[PlannedRun]) -> None:
        """Take these runs on, in this order; returns at once."""
        ...

    def ended(self) -> list[Ended]:
        """The runs that have ended since the last call."""
        ...

    def stop(self, now: bool) -> None:
        """Make every run end: after its step, saved; or, ``now``, at once."""
        ...

    def close(self) -> None:
        """Free what the executor holds; may be called again."""
        ...


def how(code: int) -> str:
    """An exit code in words, as ``Ended`` has it."""
    return f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def last_words(words: list[str]) -> str:
    """Run a command to its end: what it printed last where it failed, else nothing."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[-500:]


def command(run: Path) -> list[str]:
    """The unit, as a command."""
    return [sys.executable, "-P", "-m", "srpo_bench.harness.running", str(run)]


def held(comparison: PlannedComparison) -> int:
    """Bytes that a run holds at least: float32 weights, gradient and two moments, and the
    reference's or the engine's copy of the weights.

    Activations come on top and depend on lengths; what a run really holds is not known before it.
    """
    return 4 * 5 * comparison.parameters


def need_of(comparison: PlannedComparison) -> Need:
    """What each run of a comparison takes."""
    on_device = comparison.device == "cuda"
    memory = 0 if on_device else held(comparison)
    return Need(comparison.config.threads, int(on_device), memory, comparison.accelerator)


def need_before_planning(config: Config) -> Need:
    """What planning takes: an accelerator where the settings name one."""
    return Need(cpus=config.threads, gpus=int(config.model.device == "cuda"))
