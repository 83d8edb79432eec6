"""A run is asked to stop: after its step, or at once where nothing would be half done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class InterruptedScoringError(BaseException):
    """Raised out of an evaluation, which can be done anew. Like KeyboardInterrupt it is no
    ``Exception``, so that no plug-in's error handling swallows it."""


class Stop:
    """Whether this process has been asked to stop, by a signal or by a file that is there."""

    def __init__(self, file: Path | None = None) -> None:
        self.requested, self.file = False, file
        self._at_once = False

    def on_signals(self) -> None:
        """From now on SIGTERM and Ctrl-C ask."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, *_: Any) -> None:
        """Remember it; inside ``at_once``, leave the block."""
        self.requested = True
        if self._at_once:
            self._at_once = False  # once: what is saved on the way out is saved whole
            raise InterruptedScoringError

    def __call__(self) -> bool:
        """Asked after every step."""
        return self.requested or (self.file is not None and self.file.exists())

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block that is left as soon as a stop is asked for.

        Raises:
            InterruptedScoringError: it was, before the block or within it.
        """
        self._at_once = True
        try:
            if self.requested:
                self.ask()
            yield
        finally:
            self._at_once = False
