"""What ``bench import`` was told, and whether it can be meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast, get_args

from srpo_bench.plugins import nearest
from srpo_bench.results.importers.shelf import OnRepeat
from srpo_bench.results.store import ResultsError

TABLES = ("csv", "jsonl")
LOGS = ("trl", "verl", "openrlhf", "tensorboard")
TRACKERS = ("wandb", "trackio")
FORMATS = (*TABLES, *LOGS, *TRACKERS)


@dataclass(frozen=True)
class Request:
    """What the user wants. mapped: NAME=COLUMN, for tables.   metrics: keys, for logs."""

    format: str
    files: Sequence[str]
    out: Path
    command: str = ""
    mapped: Sequence[str] = ()
    metrics: Sequence[str] = ()
    arm: str | None = None
    seed: int | None = None
    scale: float = 1.0
    skip_empty: bool = False
    baseline: str | None = None
    vouched: bool = False
    on_repeat: str | None = None
    """first or last: which of two different values of one run and step counts."""
    unit: str | None = None
    """What a step is, where the trainer does not say."""
    updates_per_step: int | None = None
    """Updates a rollout batch."""
    updates_of: Sequence[str] = ()
    """ARM=N, of arms that make other updates a rollout batch."""
    runs: Sequence[str] = ()
    """ARM/SEED=NAME, of tracked runs."""

    @cached_property
    def _updates_of(self) -> dict[str, int]:
        updates: dict[str, int] = {}
        for text in self.updates_of:
            arm, _, number = text.rpartition("=")
            if not arm or not number.isdecimal() or int(number) < 1 or arm in updates:
                raise ResultsError(f"--updates-of takes ARM=N, once an arm, not '{text}'.")
            updates[arm] = int(number)
        return updates

    def updates_in(self, arm: str) -> int | None:
        """Updates a rollout batch of an arm; None: nobody says."""
        return self._updates_of.get(arm, self.updates_per_step)

    def refuse_unnamed(self, arms: Collection[str]) -> None:
        """Refuse to be told of arms that there are not.

        Raises:
            ResultsError: names one, and what was probably meant.
        """
        for arm in self._updates_of:
            if arm not in arms:
                raise ResultsError(f"--updates-of names no arm '{arm}'; {nearest(arm, arms)}")


def consistent(request: Request) -> None:
    """Do the options go together?

    Raises:
        ResultsError: they do not; says why.
    """
    table, tracker = request.format in TABLES, request.format in TRACKERS
    if request.runs and not tracker:
        raise ResultsError("--run is for wandb and trackio; a file is named as in ARM/SEED=FILE.")
    if tracker and (request.arm is not None or request.seed is not None):
        raise ResultsError("Tracked runs are told apart by their names; use --run ARM/SEED=NAME.")
    if request.unit not in (None, "rollout batch", "update"):
        raise ResultsError(f"--unit is 'rollout batch' or update, not '{request.unit}'.")
    if request.updates_per_step is not None and request.updates_per_step < 1:
        raise ResultsError("--updates-per-step counts updates a rollout batch: at least 1.")
    request.updates_in("")  # each of --updates-of is ARM=N
    if table and request.metrics:
        raise ResultsError("--metric is for logs; a table's column is named by --map accuracy=….")
    if not table and (request.mapped or request.skip_empty):
        raise ResultsError("--map and --skip-empty are for csv and jsonl; a log takes --metric.")
    if not table and request.seed is not None and len(request.files) > 1:
        raise ResultsError("--seed names one run; with several files write ARM/SEED=FILE.")
    if not 0 < request.scale <= 1:
        raise ResultsError(
            f"--scale makes fractions, as 0.01 does of percent; got {request.scale}."
        )


def on_repeat(request: Request) -> OnRepeat | None:
    """Which of two values counts, if the user says so.

    Raises:
        ResultsError: neither first nor last.
    """
    if request.on_repeat not in (None, *get_args(OnRepeat)):
        raise ResultsError(f"--on-repeat is first or last, not '{request.on_repeat}'.")
    return cast("OnRepeat | None", request.on_repeat)
