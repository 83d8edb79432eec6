"""Comparisons whose memory or disk gives out at a random moment, and that are then gone on with."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.command import Command
from benchmarks.faults.comparison import Comparisons
from benchmarks.faults.processes import tree
from benchmarks.faults.table import Row
from srpo_bench.results.store import read_json

_DISK = 256 << 20
"""Bytes of the small disk: room for a whole comparison, which is gone on with once the ballast is
away."""


def memory(comparisons: Comparisons, count: int) -> Row:
    """Workers' address spaces may not grow beyond what they are."""
    differences, ended = 0, Counter[str]()
    bitten = 0
    while bitten < count:
        out = comparisons.new()
        command = comparisons.start(out)
        if _begun(comparisons, out, command):
            for pid in tree(command.pid)["worker"]:
                _freeze(pid, comparisons.rng.randrange(1 << 20))
        comparisons.wait(out, command)
        reasons = _reasons(out)
        bitten += bool(reasons)
        ended.update(reasons)
        differences += comparisons.changed(out)
    return Row("memory limit (RLIMIT_AS)", count, differences, _endings(ended))


def disk(comparisons: Comparisons, count: int) -> Row:
    """A disk of its own is filled up but for a random rest; where none may be mounted, no file may
    grow beyond a random size."""
    differences, ended = 0, Counter[str]()
    bitten, real = 0, True
    while bitten < count:
        with _small_disk(comparisons.new()) as (out, mounted):
            real = mounted
            command = comparisons.start(out)
            if _begun(comparisons, out, command):
                rest = comparisons.rng.randrange(1 << 20)
                _fill(out, rest) if mounted else _bound(command, rest)
            comparisons.wait(out, command)
            reasons = _reasons(out)
            bitten += bool(reasons)
            ended.update(reasons)
            out.with_name("ballast").unlink(missing_ok=True)
            differences += comparisons.changed(out)
    name = "disk full (tmpfs)" if real else "no file may grow (RLIMIT_FSIZE)"
    return Row(name, count, differences, _endings(ended))


def _begun(comparisons: Comparisons, out: Path, command: Command) -> bool:
    """Wait until a run has recorded something, and a moment more."""
    while not command.ended() and not comparisons.done(out):
        if comparisons.begun(out):
            return comparisons.pause(out, command, 0.1)
        time.sleep(0.05)
    return False


def _freeze(pid: int, more: int) -> None:
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
        size = pages * resource.getpagesize() + more
        resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def _bound(command: Command, size: int) -> None:
    for pid in [command.pid, *tree(command.pid)["worker"]]:
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


def _fill(out: Path, rest: int) -> None:
    free = os.statvfs(out.parent)
    with contextlib.suppress(OSError), out.with_name("ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_bsize - rest, 1))


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """A place for a comparison, and whether it lies on a small disk of its own."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield folder / "c", mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _reasons(out: Path) -> list[str]:
    statuses = [read_json(path) for path in out.glob("*/seed-*/status.json")]
    return [s["reason"].split("(")[0].strip() for s in statuses if s.get("reason")]


def _endings(ended: Counter[str]) -> str:
    return "; ".join(f"{n} x {reason[:60]}" for reason, n in ended.most_common(3))
