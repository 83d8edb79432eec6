"""Where a run stands: what its status file says, and whether anybody is still at work on it."""

from __future__ import annotations

import fcntl
import platform
from pathlib import Path
from typing import NamedTuple, get_args

from srpo_bench.results.attempts import attempts
from srpo_bench.results.schema import State
from srpo_bench.results.seal import mendable
from srpo_bench.results.store import STATUS, ResultsError, read_record

GONE = "Its process is gone without a word: bench resume goes on from its last checkpoint."


class Status(NamedTuple):
    """state: waiting | running | done | failed | stopped, or "" where nobody has said yet."""

    state: str
    reason: str


def status_of(run: Path) -> Status:
    """A run's state. One that was running when its process was killed could not say that it
    stopped; its lock does.

    Raises:
        ResultsError: its files are damaged.
    """
    path = run / STATUS
    if not path.is_file():
        return Status("", "")
    with mendable(run):
        record = read_record(path)
        state = str(record.get("state"))
        if state not in get_args(State):
            raise ResultsError(f"{path} names an unknown state: {state!r:.40}.")
    if state == "running" and _is_left(run):
        return Status("stopped", GONE)
    return Status(state, str(record.get("reason") or ""))


def _is_left(run: Path) -> bool:
    """Whether it was begun on this machine and nobody holds its lock; else unknown."""
    made = attempts(run)
    if not made or made[-1].get("host") != platform.node():
        return False
    try:
        with (run / "pid").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # held, or not there
        return False
    return True
