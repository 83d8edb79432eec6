"""A planned comparison, its runs and their states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srpo_bench.harness.config import Arm, Config
from srpo_bench.results.store import FINAL, read_json


@dataclass(frozen=True)
class Job:
    """One run to be done."""

    folder: Path
    arm: Arm
    seed: int


@dataclass
class Comparison:
    """A planned comparison and where it lives."""

    folder: Path
    config: Config
    arms: list[Arm]
    base: Path

    @property
    def jobs(self) -> list[Job]:
        """Seed by seed, so that pairs become complete together."""
        return [
            Job(self.folder / arm.name / f"seed-{seed}", arm, seed)
            for seed in self.config.seeds
            for arm in self.arms
        ]


def pending(comparison: Comparison) -> list[Job]:
    """Runs that are not done yet, or whose final scores are missing."""
    final = bool(comparison.config.final.tasks)
    return [
        job
        for job in comparison.jobs
        if state(job) != "done" or (final and not (job.folder / FINAL).exists())
    ]


def state(job: Job) -> str:
    """A run's state, "waiting" before it has one."""
    path = job.folder / "status.json"
    return str(read_json(path)["state"]) if path.exists() else "waiting"
