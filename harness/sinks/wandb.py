"""Weights & Biases. Where to, and whether at all, its own settings say (WANDB_MODE …)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from srpo_bench.harness.sinks.base import Place


class WandB:
    """One run of the group of its comparison; resumed under the same id."""

    def __init__(self, place: Place) -> None:
        import wandb

        folder = place.folder("wandb")
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier attempt; see Sinks
        folder.parent.mkdir(exist_ok=True)
        self._wandb = wandb
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "srpo-bench"),
            group=place.comparison,
            job_type=place.arm,
            name=place.name,
            id=place.id,
            resume="allow",
            dir=folder.parent,  # it makes a folder "wandb" there
            settings=wandb.Settings(console="off", silent=True, disable_git=True),
        )
        self._first = self._run.step  # beyond 0 where the server already knows this run

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add a row at a step, or to the row of that step."""
        if step >= self._first:
            self._run.log(dict(metrics), step=step)

    def close(self) -> None:
        """Finish the run and end the library's own process."""
        self._run.finish()
        self._wandb.teardown()
