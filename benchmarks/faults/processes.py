"""Which process is what: the tree below a process, by ``/proc``."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import defaultdict
from pathlib import Path

from benchmarks.faults.command import FORKSERVER

SANDBOX = ("bubblewrap", "zygote", "judge", "program")
MATH = ("math server", "math grader")
TRAINING = ("command", "forkserver", "worker")


def tree(root: int) -> dict[str, list[int]]:
    """Process ids below ``root``, which is the command itself, by kind."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent in _parents():
        children[parent].append(pid)
    kinds: dict[str, list[int]] = defaultdict(list, command=[root])
    waiting = [(child, "command", i) for i, child in enumerate(sorted(children[root]))]
    while waiting:
        pid, parent_kind, place = waiting.pop()
        kind = _kind(_words(pid), _name(pid), parent_kind, place)
        kinds[kind].append(pid)
        waiting += [(child, kind, i) for i, child in enumerate(sorted(children[pid]))]
    return kinds


def _kind(words: str, name: str, parent: str, place: int) -> str:
    """Forks have their parent's words; the judge is the first child of its zygote."""
    program = Path(words.split("\0")[0]).name
    if program == "bwrap":
        return "bubblewrap"
    if "inside.zygote" in words:
        return ("judge" if place == 0 else "program") if parent == "zygote" else "zygote"
    if "equivalence_worker" in words:
        return "math grader" if parent == "math server" else "math server"
    if parent == "command" and (name == FORKSERVER or "multiprocessing.forkserver" in words):
        return "forkserver"
    return "worker" if parent == "forkserver" else "other"


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace")
    return ""


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    return ""


def _parents() -> list[tuple[int, int]]:
    pids = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            text = (folder / "stat").read_text()
            state, parent = text.rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                pids.append((int(folder.name), int(parent)))
    return pids


def send(pid: int, number: signal.Signals) -> bool:
    """Whether the signal reached a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
