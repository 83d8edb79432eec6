"""A planned comparison, its runs and their states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Arm, Config
from srpo_bench.results.store import FINAL, read_json


@dataclass(frozen=True)
class PlannedRun:
    """One run to be done."""

    folder: Path
    arm: Arm
    seed: int


@dataclass
class PlannedComparison:
    """A planned comparison and where it lives."""

    folder: Path
    config: Config
    arms: list[Arm]
    base: Path

    @property
    def runs(self) -> list[PlannedRun]:
        """Seed by seed, so that pairs become complete together."""
        return [
            PlannedRun(self.folder / arm.name / f"seed-{seed}", arm, seed)
            for seed in self.config.seeds
            for arm in self.arms
        ]


def pending(comparison: PlannedComparison) -> list[PlannedRun]:
    """Runs that are not done yet, or whose final scores are missing."""
    final = bool(comparison.config.final.tasks)
    return [
        run
        for run in comparison.runs
        if state(run) != "done" or (final and not (run.folder / FINAL).exists())
    ]


def state(run: PlannedRun) -> str:
    """A run's state, "waiting" before it has one."""
    path = run.folder / "status.json"
    return str(read_json(path)["state"]) if path.exists() else "waiting"
