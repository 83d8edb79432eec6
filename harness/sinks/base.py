"""The seam: what a sink does, and what it is told of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol


class Sink(Protocol):
    """Takes numbers. It may raise: the run then goes on without it."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Record numbers by name. Steps never go back; one step may come twice, with other names:
        ``train/…`` and then ``eval/…``."""

    def close(self) -> None:
        """Flush. Nothing is logged afterwards."""


@dataclass(frozen=True)
class Place:
    """A run as a sink knows it."""

    run: Path
    """The run directory, ``<comparison>/<arm>/seed-<n>``."""

    @property
    def comparison(self) -> str:
        """The comparison's name."""
        return self.run.parents[1].name

    @property
    def arm(self) -> str:
        """The arm."""
        return self.run.parent.name

    @property
    def name(self) -> str:
        """``arm/seed-n``."""
        return f"{self.arm}/{self.run.name}"

    @property
    def id(self) -> str:
        """The same whenever this run is opened, another for any other run on this machine."""
        return _short(self.run)

    @property
    def project(self) -> str:
        """The comparison's name, told apart from others of that name on this machine."""
        return f"{self.comparison}-{_short(self.run.parents[1])}"

    def folder(self, sink: str) -> Path:
        """Where a sink keeps its files: inside the run directory."""
        return self.run / "sinks" / sink


def _short(path: Path) -> str:
    return sha256(str(path).encode()).hexdigest()[:12]
