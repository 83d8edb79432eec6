"""TensorBoard: event files inside the run directory. ``tensorboard --logdir <comparison>``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from srpo_bench.harness.sinks.base import Place

FLUSH = 10
"""Seconds after which what was logged is on disk."""


class TensorBoard:
    """A scalar a metric."""

    def __init__(self, place: Place) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder = place.folder("tensorboard")
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier attempt; see Sinks
        self._writer = SummaryWriter(folder, flush_secs=FLUSH)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add the scalars at a step."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()
