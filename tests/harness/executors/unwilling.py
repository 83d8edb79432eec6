"""A run's process that may not start, and what it does in place of training.

A process of its own imports this file, so it imports little; none is forked from the tests'
process, where other tests have left threads that no fork survives.
"""

from __future__ import annotations

import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import ClassVar

from srpo_bench.results.store import write_json


class Unwilling(ForkServerProcess):
    """Its server dies as it is asked to start it."""

    troubles: ClassVar[list[BaseException]] = []

    def start(self) -> None:
        if self.troubles:
            raise self.troubles.pop()
        super().start()


def ends(folder: Path, _device: str | None) -> None:
    """A run that is done at once."""
    write_json(folder / "status.json", {"state": "done", "step": 10, "steps": 10, "reason": ""})


def waits(_folder: Path, _device: str | None) -> None:
    """A run that is at work until it is ended."""
    signal.pause()
