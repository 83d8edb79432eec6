"""Whole comparisons that are killed, stopped, starved and started twice, and then resumed."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.faults.processes import SANDBOX, TRAINING, send, tree
from benchmarks.faults.table import Row
from srpo_bench.results.store import read_json

_RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl")
_JUMPS = """
import random, time
_real, _rng = time.time, random.Random(0)
def _jumping():
    now = _real()
    return now + random.Random(int(now * 2)).choice((-86400.0, -3600.0, 0.0, 3600.0, 3.2e7))
time.time = _jumping
time.time_ns = lambda: int(_jumping() * 1e9)
"""
"""A ``sitecustomize`` under which the clock jumps by hours, days or a year twice a second."""


class Runs:
    """Comparisons of one small plan in ``folder``; the first, undisturbed one is the measure."""

    def __init__(self, folder: Path, steps: int, seed: int) -> None:
        self._folder, self._steps = folder, steps
        self._rng = random.Random(seed)
        self._count = 0
        start = time.monotonic()
        undisturbed = self._new()
        self._finish(undisturbed)
        self._length = time.monotonic() - start
        self._right = _records(undisturbed)
        assert self._right, f"the undisturbed comparison left no records: see {undisturbed}"

    def kills(self, count: int) -> list[Row]:
        """Every process of a comparison, ``count`` times each, at random moments."""
        kinds = [*TRAINING, *SANDBOX]
        struck: Counter[str] = Counter()
        differences: Counter[str] = Counter()
        out, since = self._new(), Counter[str]()
        while any(struck[kind] < count for kind in kinds):
            command = self._start(out)
            while command.poll() is None:
                self._pause(0.1 * self._length)
                left = [kind for kind in kinds if struck[kind] < count]
                found = tree(command.pid)
                there = [kind for kind in left if found[kind]]
                if command.poll() is None and there:
                    kind = self._rng.choice(there)
                    if send(self._rng.choice(found[kind]), signal.SIGKILL):
                        struck[kind] += 1
                        since[kind] += 1
                    if kind in ("command", "forkserver"):
                        break
            _wait(command)
            if _done(out):
                changed = self._changed(out)
                differences.update(dict.fromkeys(since, changed) if changed else {})
                out, since = self._new(), Counter()
        changed = self._resumed(out)
        differences.update(dict.fromkeys(since, changed) if changed else {})
        return [Row(f"SIGKILL: {k} (training)", struck[k], differences[k]) for k in kinds]

    def stops(self, count: int, seconds: float) -> list[Row]:
        """Every process of a comparison stopped for a time."""
        rows = []
        for kind in (*TRAINING, *SANDBOX):
            differences = 0
            for _ in range(count):
                out, stopped = self._new(), False
                while not stopped:
                    command = self._start(out)
                    self._pause(self._length)
                    victims = tree(command.pid)[kind]
                    stopped = bool(victims) and send(victims[0], signal.SIGSTOP)
                    if stopped:
                        time.sleep(seconds)
                        send(victims[0], signal.SIGCONT)
                    _wait(command)
                    if not stopped:
                        out = self._new()
                differences += self._resumed(out)
            rows.append(Row(f"SIGSTOP for {seconds:g} s: {kind} (training)", count, differences))
        return rows

    def starved(self, count: int) -> list[Row]:
        """No more memory, or no more room on the disk, from a random moment on; then resumed."""
        rows = []
        for name, starve in (("memory limit", _no_memory), ("disk full", _no_room)):
            differences, said = 0, Counter[str]()
            for _ in range(count):
                with _small_disk(self._new()) as (out, real):
                    command = self._start(out)
                    self._pause(self._length)
                    with starve(command.pid, out if real else None):
                        _wait(command)
                    said.update(_reasons(out))
                    differences += self._resumed(out)
            rows.append(Row(name, count, differences, "; ".join(sorted(said))))
        return rows

    def twice(self, count: int) -> Row:
        """Two commands started at once in one folder: one runs, the other is told so."""
        differences, odd = 0, 0
        for _ in range(count):
            out = self._new()
            commands = [self._start(out), self._start(out)]
            for command in commands:
                _wait(command)
            odd += sorted(command.returncode for command in commands) not in ([0, 0], [0, 2])
            differences += self._resumed(out)
        return Row("two starters at once", count, differences, f"{odd} other exits" if odd else "")

    def jumps(self, count: int) -> Row:
        """The clock that programs ask for the time jumps all the while."""
        place = self._folder / "clock"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(_JUMPS)
        differences = 0
        for _ in range(count):
            out = self._new()
            _wait(self._start(out, PYTHONPATH=f"{place}{os.pathsep}{os.environ['PYTHONPATH']}"))
            differences += self._resumed(out)
        return Row("clock jumps (of Python's time.time)", count, differences)

    def _new(self) -> Path:
        shutil.rmtree(self._folder / f"{self._count - 1}", ignore_errors=True)
        self._count += 1
        return self._folder / f"{self._count - 1}"

    def _start(self, out: Path, **environment: str) -> subprocess.Popen[bytes]:
        settings = {
            "evaluation.problems": 6,
            "rollout.prompts_per_step": 3,
            "data.pool_size": 9,
            "checkpoint_every": 2,
            "samples_every": 1,
            "steps": self._steps,
        }
        words = ["compare", "--preset", "smoke", "--seeds", "1-2", "--workers", "2"]
        words += ["--out", str(out)]
        for name, value in settings.items():
            words += ["--set", f"{name}={value}"]
        return subprocess.Popen(
            [sys.executable, "-m", "srpo_bench.harness", *words],
            env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _finish(self, out: Path) -> None:
        """Run again what is missing, as a user would, until nothing is."""
        for _ in range(5):
            _wait(self._start(out))
            if _done(out):
                return

    def _resumed(self, out: Path) -> int:
        if not _done(out):
            self._finish(out)
        return self._changed(out)

    def _changed(self, out: Path) -> int:
        found = _records(out)
        return sum(found.get(name) != text for name, text in self._right.items())

    def _pause(self, seconds: float) -> None:
        time.sleep(self._rng.uniform(0, seconds))


def _wait(command: subprocess.Popen[bytes]) -> None:
    """Until it and its orphans, which save themselves first, have ended."""
    workers = tree(command.pid)["worker"]
    command.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.1)


def _done(out: Path) -> bool:
    states = [read_json(path)["state"] for path in out.glob("*/seed-*/status.json")]
    return len(states) == 4 and set(states) == {"done"}


def _records(out: Path) -> dict[str, bytes]:
    paths = [path for name in _RECORDS for path in out.glob(f"*/seed-*/{name}")]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def _reasons(out: Path) -> list[str]:
    statuses = [read_json(path) for path in out.glob("*/seed-*/status.json")]
    return [s["reason"] for s in statuses if s.get("reason")]


Starve = Callable[[int, Path | None], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def _no_memory(command: int, _: Path | None) -> Iterator[None]:
    """The workers' address spaces may not grow beyond what they are."""
    for pid in tree(command)["worker"]:
        with contextlib.suppress(OSError, ProcessLookupError):
            size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
            resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
    yield


@contextlib.contextmanager
def _no_room(command: int, disk: Path | None) -> Iterator[None]:
    """The disk is filled up; where none could be mounted, no file may grow beyond 4 KiB."""
    if disk is None:
        for pid in [command, *tree(command)["worker"]]:
            with contextlib.suppress(OSError, ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, 4096))
        yield
        return
    ballast = disk.parent / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    yield
    ballast.unlink()


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """A folder for a comparison, and whether it lies on a small disk of its own."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield folder / "c", mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
