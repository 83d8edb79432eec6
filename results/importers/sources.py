"""Which run a file is: what the user wrote, or what its path says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from srpo_bench.results.store import ResultsError

NAMED = re.compile(r"(?P<arm>[^=]+)/(?P<seed>\d+)=(?P<path>.+)")
RUN = re.compile(r"(?P<arm>.+?)[-_./ ]+s(?:eed)?[-_= ]?(?P<seed>\d+)", re.I)
PART = re.compile(r"(?:(?P<arm>.+)[-_.])?seed[-_=]?(?P<seed>\d+)", re.I)


@dataclass(frozen=True)
class Source:
    """A file, and the arm and seed of all that is in it; None where its columns tell."""

    path: Path
    arm: str | None = None
    seed: int | None = None

    @property
    def run(self) -> tuple[str, int]:
        """Arm and seed of a log that is one run's.

        Raises:
            ResultsError: they are not known; says how to name them.
        """
        if self.arm is None or self.seed is None:
            raise ResultsError(
                f"Which run is {self.path}? Name it as in grpo/1={self.path}, or by a path such as "
                "grpo/seed-1/…, or by --arm and --seed."
            )
        return self.arm, self.seed


def run_of(name: str, named: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """Arm and seed of a tracked run: as the user says, else by its name (``grpo-s1``,
    ``grpo/seed-1``).

    Raises:
        ResultsError: the name does not tell.
    """
    if name in named:
        return named[name]
    match = RUN.fullmatch(name.strip())
    if match is None:
        raise ResultsError(
            f"Which run is '{name}'? Say --run 'ARM/SEED={name}'. (A group of runs is their mean: "
            "ungroup the chart.)"
        )
    return match["arm"], int(match["seed"])


def parse_runs(texts: Sequence[str]) -> dict[str, tuple[str, int]]:
    """``["grpo/1=fancy-sun-7"]`` as name -> arm and seed.

    Raises:
        ResultsError: not of that form, or a name that appears twice.
    """
    named: dict[str, tuple[str, int]] = {}
    for text in texts:
        match = NAMED.fullmatch(text)
        if match is None:
            raise ResultsError(
                f"--run takes ARM/SEED=NAME, as in grpo/1=fancy-sun-7, not '{text}'."
            )
        if match["path"] in named:
            raise ResultsError(f"--run names '{match['path']}' twice.")
        named[match["path"]] = match["arm"], int(match["seed"])
    return named


def parse(text: str, arm: str | None, seed: int | None, one_run: bool) -> Source:
    """A source from ``FILE`` or ``ARM/SEED=FILE``.

    Args:
        text: as typed.
        arm: of every file. seed: of every file.
        one_run: a file of this format is one run, so its path may name it.

    Raises:
        ResultsError: there is no such file, or it is named twice.
    """
    match = NAMED.fullmatch(text)
    if match is None or Path(text).exists():
        path = _existing(Path(text))
        by_path = _by_path(path) if one_run else (None, None)
        return Source(
            path,
            arm if arm is not None else by_path[0],
            seed if seed is not None else by_path[1],
        )
    if arm is not None or seed is not None:
        raise ResultsError(f"'{text}' names its run; leave out --arm and --seed.")
    return Source(_existing(Path(match["path"])), match["arm"], int(match["seed"]))


def _by_path(path: Path) -> tuple[str | None, int | None]:
    """``grpo/seed-1/…`` and ``grpo-seed1.jsonl``: the innermost such name counts."""
    parts = path.parts
    for i in range(len(parts) - 1, -1, -1):
        name = parts[i] if i < len(parts) - 1 else Path(parts[i]).stem
        if match := PART.fullmatch(name):
            outer = parts[i - 1] if i and parts[i - 1] not in ("/", "..") else None
            return match["arm"] or outer, int(match["seed"])
    return None, None


def _existing(path: Path) -> Path:
    path = path.expanduser()
    if not path.exists():
        raise ResultsError(f"There is no file {path}.")
    return path
