"""How far one long piece of work is: a bar on a screen, elsewhere a plain line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from srpo_bench.harness.cli.eta import minutes
from srpo_bench.harness.cli.live import PLAIN_EVERY


class Meter:
    """Shown on stderr, so that it is no part of the result.

    Args:
        words: what is at work until ``show`` says otherwise.
    """

    def __init__(
        self,
        words: str,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or Console(stderr=True)
        redraws = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar = Progress(console=self._console, transient=True) if redraws else None
        self._task = self._bar.add_task(escape(words), total=None) if self._bar else None
        self._clock = clock
        self._printed = clock()
        self._words = ""

    def __enter__(self) -> Meter:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, words: str, done: int = 0, of: int | None = None, note: str = "") -> None:
        """What is at work, and how much of it is done; of: None where nobody knows how much it is.

        note: what changes as it goes on.
        """
        now = self._clock()
        if words != self._words:
            self._words, self._began, self._at_first = words, now, done
        if self._bar and self._task is not None:
            said = f"{words}, {note}" if note else words
            self._bar.update(self._task, description=escape(said), completed=done, total=of)
        elif now - self._printed > PLAIN_EVERY:
            self._printed = now
            parts = [words, f"{done:,} of {of:,}" if of else "", note, self._left(now, done, of)]
            line = ", ".join(filter(None, parts))
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _left(self, now: float, done: int, of: int | None) -> str:
        """By the pace since these words were first said."""
        if of is None or done <= self._at_first or done == of:
            return ""
        pace = (now - self._began) / (done - self._at_first)
        return f"about {minutes(pace * (of - done))} left"
