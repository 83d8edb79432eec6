"""A small comparison that is begun, disturbed, resumed and compared with an undisturbed one."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from pathlib import Path

from benchmarks.faults.command import Command, warm
from srpo_bench.results.store import last_line, read_json

_RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl")
_TRIES = 8
"""Starts without any fault after which a comparison that is still not done counts as changed."""


class Comparisons:
    """Comparisons of one small plan below ``folder``. The first one is left alone: what a shell
    starts is right. Others are forked, and so is the second, which must agree and tells the time.
    """

    def __init__(self, folder: Path, seeds: int, seed: int) -> None:
        self.folder, self._seeds = folder, seeds
        self.rng = random.Random(seed)
        self._count = 0
        folder.mkdir(exist_ok=True)
        first = self.new()
        self.wait(first, Command.executed(self.words(first), self._log(first)))
        self._right = _records(first)
        assert len(self._right) == 2 * seeds * len(_RECORDS), f"it failed undisturbed: see {first}"
        warm(folder)
        start, second = time.monotonic(), self.new()
        self.wait(second, self.start(second))
        self.length = time.monotonic() - start
        assert not self.changed(second), f"a fork of this process differs undisturbed: see {second}"

    def new(self) -> Path:
        """A place for the next one."""
        self._count += 1
        return self.folder / f"{self._count}"

    def start(self, out: Path, **environment: str) -> Command:
        """Begin it, or go on with it, as a user would by typing the same words again: forked, or
        in a process of its own where it is to have another environment."""
        if environment:
            return Command.executed(self.words(out), self._log(out), **environment)
        return Command.forked(self.words(out), self._log(out))

    def words(self, out: Path) -> list[str]:
        """What is typed."""
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
        words += ["--tasks", "micro-humaneval", "--out", str(out)]
        for name, value in settings.items():
            words += ["--set", f"{name}={value}"]
        return words

    def _log(self, out: Path) -> Path:
        return out.with_name(f"{out.name}.log")

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
        differences = differing(self._right, _records(out))
        if not differences:
            shutil.rmtree(out, ignore_errors=True)
        return differences

    def begun(self, out: Path) -> bool:
        """Whether any run has recorded a step."""
        return any(last_line(path) for path in out.glob("*/seed-*/steps.jsonl"))

    def pause(self, out: Path, command: Command, share: float) -> bool:
        """Wait for a random part of this share of its length; whether it is still at work then. If
        not, they are shorter than was thought, and later pauses, too."""
        until = time.monotonic() + self.rng.uniform(0, share * self.length)
        while time.monotonic() < until:
            if command.ended() or self.done(out):
                self.length *= 0.9
                return False
            time.sleep(0.05)
        return not command.ended()


def differing(right: dict[str, bytes], actual: dict[str, bytes]) -> int:
    """Records that are missing, too many, or not the same bytes."""
    return sum(right.get(name) != actual.get(name) for name in right.keys() | actual.keys())


def _state(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(read_json(path)["state"])
    return ""


def _records(out: Path) -> dict[str, bytes]:
    paths = [path for name in _RECORDS for path in out.glob(f"*/seed-*/{name}")]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}
