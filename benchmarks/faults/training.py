"""The processes of whole comparisons, killed and stopped at random moments."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from benchmarks.faults.comparison import Comparisons
from benchmarks.faults.processes import TRAINING, send, tree
from benchmarks.faults.table import Row

_PACE = {"command": 0.35, "forkserver": 0.15, "worker": 0.05}
"""At most so long from strike to strike, as a share of an undisturbed comparison: a command must
start anew after each, the others are struck many times under one command."""


def kills(comparisons: Comparisons, kind: str, count: int, seconds: float) -> Row:
    """``count`` processes of one kind killed, or as many as can be within so many seconds, in
    comparisons that are then gone on with."""
    struck = differences = finished = 0
    until = time.monotonic() + seconds
    out = comparisons.new()
    while struck < count and time.monotonic() < until:
        command = comparisons.start(out)
        while not command.ended() and not comparisons.done(out) and struck < count:
            at_work = comparisons.pause(out, command, _PACE[kind])
            victims = tree(command.pid)[kind] if at_work else []
            struck += bool(victims) and send(comparisons.rng.choice(victims), signal.SIGKILL)
            if kind == "command" and victims:
                command.kill()  # and bury it, before it is asked whether it has ended
        if comparisons.done(out) or struck == count or time.monotonic() >= until:
            command.kill()
            differences += comparisons.changed(out)
            finished += 1
            out = comparisons.new()
    return Row(f"SIGKILL: {kind}", struck, differences, f"{finished} comparisons")


def stops(comparisons: Comparisons, count: int, seconds: float) -> Iterator[Row]:
    """Each kind stopped for a time, ``count`` times."""
    for kind in TRAINING:
        stopped = differences = 0
        while stopped < count:
            out = comparisons.new()
            command = comparisons.start(out)
            at_work = comparisons.pause(out, command, 0.8)
            victims = tree(command.pid)[kind] if at_work else []
            victim = comparisons.rng.choice(victims) if victims else 0
            if victim and send(victim, signal.SIGSTOP):
                stopped += 1
                time.sleep(seconds)
                send(victim, signal.SIGCONT)
            comparisons.wait(out, command)
            differences += comparisons.changed(out)
        yield Row(f"SIGSTOP for {seconds:g} s: {kind}", count, differences)


def twice(comparisons: Comparisons, count: int) -> Row:
    """Two commands for one folder, started at the same moment."""
    differences = 0
    for _ in range(count):
        out = comparisons.new()
        for command in [comparisons.start(out), comparisons.start(out)]:
            comparisons.wait(out, command)
        differences += comparisons.changed(out)
    return Row("two starters at once", count, differences)
