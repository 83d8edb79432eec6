"""Who is alive, by ``/proc``: a server of ours has a session of its own, named by its leader."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

SECONDS = 30
"""What the end of a killed process is given."""
LOOK_EVERY = 0.002
"""Seconds. Whoever looks all the time takes a core from what is looked at."""


def ended(process: subprocess.Popen[str]) -> bool:
    """Whether it ends within a moment, which is spent waiting for it."""
    try:
        process.wait(LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return False
    return True


def members(session: int) -> list[int]:
    """Process ids of a session, zombies left out: nobody may be there to reap an orphan's."""
    found = {pid: fields for pid, fields in _all() if int(fields[3]) == session}
    return [pid for pid, fields in found.items() if fields[0] != "Z"]


def sessions_under(parent: int) -> list[int]:
    """Sessions that children of a process lead."""
    return [pid for pid, fields in _all() if int(fields[1]) == parent and int(fields[3]) == pid]


def ends(session: int) -> bool:
    """Whether every process of a session is gone soon."""
    deadline = time.monotonic() + SECONDS
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not members(session)


def _all() -> list[tuple[int, list[str]]]:
    """Process ids with the fields of ``stat`` behind the name: state, parent, group, session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it has ended meanwhile
            continue
        found.append((int(path.parent.name), text.rsplit(")", 1)[1].split()))
    return found
