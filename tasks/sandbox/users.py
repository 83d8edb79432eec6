"""Who programs are on this machine, and how many of them there may be at a time."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from srpo_bench.tasks.sandbox import readable
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.modes import Mode

_MOST_TASKS = 4096
"""Processes and threads that a sandbox may have: a thread costs the machine a number, of which
there may be no more than 32,768, even where it costs no memory of its own."""
_UNUSED = 0x7F000000
"""The first of 16 million numbers that no system gives to its users (systemd's UIDS-GIDS)."""


def user(mode: Mode) -> str:
    """Who programs are: root becomes nobody where nobody can still read Python and its packages."""
    if os.geteuid() != 0:
        return "same"
    if mode == "bubblewrap":
        return "nobody"
    if mode == "unsafe":
        return "same"
    places = [p.resolve() for p in (Path(sys.base_prefix), *readable.packages().values())]
    folders = {folder for place in places for folder in (place, *place.parents)}
    reachable = all(folder.stat().st_mode & 0o001 for folder in folders)
    return "nobody" if reachable else "powerless root"


def a_number() -> int:
    """A user for one sandbox alone, whose files and threads are nobody else's. Where there are no
    such numbers, as in some containers, it is the one user called nobody."""
    number = _UNUSED + int.from_bytes(os.urandom(3), "big")
    known = all(_is_known(number, Path(f"/proc/self/{kind}_map")) for kind in ("uid", "gid"))
    return number if known else confine.NOBODY


def _is_known(number: int, ranges: Path) -> bool:
    """Whether a number is in a table of the kernel's: first within, first without, how many."""
    try:
        rows = [[int(field) for field in line.split()] for line in ranges.read_text().splitlines()]
    except OSError:
        return False
    return any(first <= number < first + count for first, _, count in rows)


def most_tasks(mode: Mode, number: int | None) -> int:
    """How many processes and threads the kernel lets a sandbox have; 0 for no limit. It counts them
    by user, root's not at all: a user who has others is not limited, or one program would use up
    what another needs. bubblewrap's own namespace is counted apart (not before Linux 5.14).
    """
    if number is not None and number >= _UNUSED:
        return confine.at_most(resource.RLIMIT_NPROC, _MOST_TASKS)
    if user(mode) == "same" and mode == "bubblewrap":
        return confine.at_most(resource.RLIMIT_NPROC, _tasks() + _MOST_TASKS)
    return 0


def _tasks() -> int:
    """Processes and threads that this user has already, by the kernel's /proc."""
    tasks = 0
    for process in Path("/proc").glob("[0-9]*/task"):
        with suppress(OSError):  # gone meanwhile
            found = process.stat()
            tasks += (found.st_uid == os.geteuid()) * (found.st_nlink - 2)
    return tasks
