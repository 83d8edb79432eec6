"""Is there room for what the runs will keep? Asked before anything trains."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun
from srpo_bench.results.store import saved


def checkpoint_bytes(comparison: PlannedComparison) -> int:
    """Weights and the optimiser's two moments, in float32, as a checkpoint has them."""
    return 3 * 4 * comparison.parameters


def kept(config: Config) -> int:
    """How many checkpoints a run keeps: it saves itself every so many steps and at its end."""
    return min(config.keep_checkpoints, -(-config.steps // config.checkpoint_every))


def free_bytes(folder: Path) -> int:
    """What its disk has left, or would where the folder is not there yet."""
    place = folder.absolute()
    return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free


def require_room(comparison: PlannedComparison, runs: Sequence[PlannedRun]) -> None:
    """Is there room for the checkpoints of these runs? Those that have one are taken to have it.

    Raises:
        UserError: the disk cannot hold them.
    """
    new = sum(not saved(run.folder) for run in runs)
    need = new * kept(comparison.config) * checkpoint_bytes(comparison)
    free = free_bytes(comparison.folder)
    if need > free:
        raise UserError(
            f"The checkpoints of {new} run{'s' * (new > 1)} take about {need / 1e6:,.0f} MB, and "
            f"{free / 1e6:,.0f} MB are free in {comparison.folder}: free some, or use "
            "another disk."
        )
