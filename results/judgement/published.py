"""What published step counts say in rollout batches, updates and responses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from srpo_bench.results.schema import Unit


class PublishedRun(BaseModel):
    """Somebody's training run. Counts that nobody has published are named in ``Published``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    steps: float = Field(gt=0)
    unit: Unit
    """What a step of it is."""
    batch: int = Field(gt=0)
    """Responses of a rollout batch."""
    update: int = Field(gt=0)
    """Responses of an optimiser update."""
    source: str

    def counted(self, unit: Unit) -> tuple[float, float, float]:
        """Rollout batches, updates and responses, if its steps are of this unit."""
        responses = self.steps * (self.batch if unit == "rollout batch" else self.update)
        return responses / self.batch, responses / self.update, responses


class Published(BaseModel):
    """Two runs whose steps a claim compares, and what is unpublished about them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claimant: PublishedRun
    comparator: PublishedRun
    unpublished: tuple[str, ...]

    def readings(self) -> list[tuple[str, tuple[float, float, float], tuple[float, float, float]]]:
        """Each way of reading the counts: its name, and both runs' batches, updates, responses."""
        return [
            (
                f"{self.claimant.who} counts {ours}s, {self.comparator.who} {theirs}s",
                self.claimant.counted(ours),
                self.comparator.counted(theirs),
            )
            for ours in _units(self.claimant)
            for theirs in _units(self.comparator)
        ]


def _units(run: PublishedRun) -> tuple[Unit, ...]:
    return ("rollout batch", "update") if run.unit == "unstated" else (run.unit,)
