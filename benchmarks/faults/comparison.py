"""A small comparison that is begun, disturbed, resumed and compared with an undisturbed one."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from srpo_bench.harness.cli.app import main
from srpo_bench.results.store import last_line, read_json

_RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl")
_TRIES = 8
"""Starts without any fault after which a comparison that is still not done counts as changed."""

Change = Callable[[], None]


class Command:
    """``bench`` with these words, forked from this process, which has imported it already."""

    def __init__(self, words: list[str], log: Path, before: Change = lambda: None) -> None:
        self.pid = os.fork()
        self._ended = False
        if self.pid:
            return
        code = 1
        try:
            os.setsid()
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(out, 1)
            os.dup2(out, 2)
            before()
            sys.argv = ["bench", *words]
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        finally:
            os._exit(code)

    def ended(self) -> bool:
        """Whether it is gone; its end is buried."""
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._ended

    def kill(self) -> None:
        """SIGKILL, and bury it."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._ended = True


class Comparisons:
    """Comparisons of one small plan below ``folder``; the first one is left alone, and measures."""

    def __init__(self, folder: Path, seeds: int, seed: int) -> None:
        self.folder, self._seeds = folder, seeds
        self.rng = random.Random(seed)
        self._count = 0
        start = time.monotonic()
        first = self.new()
        self.finish(first)
        self.length = time.monotonic() - start
        self._right = _records(first)
        assert len(self._right) == 2 * seeds * len(_RECORDS), f"it failed undisturbed: see {first}"

    def new(self) -> Path:
        """A place for the next one."""
        self._count += 1
        return self.folder / f"{self._count}"

    def start(self, out: Path, before: Change = lambda: None) -> Command:
        """Begin it, or go on with it, as a user would by typing the same words again."""
        settings = {
            "steps": 4,
            "evaluation.problems": 2,
            "evaluation.k": 1,
            "rollout.prompts_per_step": 3,
            "rollout.group_size": 4,
            "data.pool_size": 6,
            "checkpoint_every": 1,
            "samples_every": 1,
        }
        words = ["compare", "--preset", "smoke", "--seeds", f"1-{self._seeds}", "--workers", "2"]
        words += ["--out", str(out)]
        for name, value in settings.items():
            words += ["--set", f"{name}={value}"]
        return Command(words, out.with_name(f"{out.name}.log"), before)

    def wait(self, out: Path, command: Command) -> None:
        """Until it ends, or has done all but its report."""
        while not command.ended():
            if self.done(out):
                command.kill()
            time.sleep(0.05)

    def finish(self, out: Path) -> None:
        """Go on with it until it is done, with no fault any more."""
        for _ in range(_TRIES):
            if self.done(out):
                return
            self.wait(out, self.start(out))

    def done(self, out: Path) -> bool:
        """Whether every run is."""
        paths = list(out.glob("*/seed-*/status.json"))
        return len(paths) == 2 * self._seeds and {_state(path) for path in paths} == {"done"}

    def changed(self, out: Path) -> int:
        """Records that differ from those of the undisturbed one; the folder is removed."""
        self.finish(out)
        found = _records(out)
        differences = sum(found.get(name) != text for name, text in self._right.items())
        if not differences:
            shutil.rmtree(out, ignore_errors=True)
        return differences

    def begun(self, out: Path) -> bool:
        """Whether any run has recorded a step."""
        return any(last_line(path) for path in out.glob("*/seed-*/steps.jsonl"))

    def pause(self, seconds: float) -> None:
        """A random part of so many seconds."""
        time.sleep(self.rng.uniform(0, seconds))


def _state(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(read_json(path)["state"])
    return ""


def _records(out: Path) -> dict[str, bytes]:
    paths = [path for name in _RECORDS for path in out.glob(f"*/seed-*/{name}")]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}
