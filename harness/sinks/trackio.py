"""trackio: a database of its own, in TRACKIO_DIR or the Hugging Face cache. ``trackio show``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from srpo_bench.harness.sinks.base import Place


class Trackio:
    """One run of the project of its comparison."""

    def __init__(self, place: Place) -> None:
        import trackio

        with suppress(ValueError):  # there is no such project yet
            for run in trackio.Api().runs(place.project):
                if run.name == place.name:
                    run.delete()  # of an earlier attempt; see Sinks
        self._run = trackio.init(
            project=place.project,
            name=place.name,
            group=place.arm,
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add a row at a step."""
        self._run.log(dict(metrics), step=step)

    def close(self) -> None:
        """Write what is still on its way."""
        self._run.finish()  # type: ignore[no-untyped-call]
