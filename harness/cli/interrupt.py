"""How a command ends when the user, or the machine, interrupts it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from srpo_bench.harness.cli import STOPPED

IMPORTING = "<frozen importlib._bootstrap>"
"""The file of every frame that imports."""

AGAIN = 0.05
"""Seconds until a signal that could not be heeded is looked at again."""


class Interruptible(TyperGroup):
    """Ctrl-C and SIGTERM end every command with one sentence and exit code 130."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read what was typed."""
        with _one_sentence():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed; one that knows more than this says it itself."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
        before = {n: signal.getsignal(n) for n in numbers}
        for number in numbers:
            if before[number] is not signal.SIG_IGN:  # a shell has it so of what it runs aside
                signal.signal(number, interrupt)
        try:
            with _one_sentence():
                return super().invoke(ctx)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        raise typer.Exit(130) from None


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but not into an import, unless asked again: C++ would abort, and
    there are libraries that go on without what they could not import."""
    again = number != signal.SIGALRM and signal.getitimer(signal.ITIMER_REAL)[0] > 0
    while frame is not None and not again:
        if frame.f_code.co_filename == IMPORTING:
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        frame = frame.f_back
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise KeyboardInterrupt
