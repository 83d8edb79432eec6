"""The sinks that the settings name, and what happens when one of them fails."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.layers import flat
from srpo_bench.harness.sinks.base import Place, Sink
from srpo_bench.results.store import read_lines

SHOWN = {"steps": "train", "evals": "eval"}
"""Records whose numbers are logged -> what their names begin with."""


def check_sinks(names: Sequence[str]) -> None:
    """See that the packages are there.

    Raises:
        UserError: one is not.
    """
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            raise UserError(
                f"The sink '{name}' needs the package {name}, which is not installed: "
                "pip install 'srpo-bench[tracking]'."
            ) from None


class Sinks:
    """A run's sinks. One that fails is dropped with a line on stderr; the run goes on.

    Each starts anew, with what an earlier attempt left behind removed, and is first told the
    records that the run keeps: those up to the checkpoint it goes on from. So a resumed run has
    every point once, also those that a killed process had not yet written.
    """

    def __init__(self, names: Sequence[str], run: Path) -> None:
        self._open: dict[str, Sink] = {}
        place = Place(run.resolve())
        for name in names:
            with self._unharmed(name):
                self._open[name] = _kind(name)(place)
        if self._open:
            for record, line in _kept(run):
                self.log(record, line)

    def log(self, record: str, line: Mapping[str, Any]) -> None:
        """Pass on the numbers of a line of ``<record>.jsonl``."""
        if not self._open or record not in SHOWN:
            return
        metrics = {
            f"{SHOWN[record]}/{name}": float(value)
            for name, value in flat(line).items()
            if name != "step" and isinstance(value, int | float)
        }
        for name, sink in list(self._open.items()):
            with self._unharmed(name):
                sink.log(line["step"], metrics)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name, sink in list(self._open.items()):
            with self._unharmed(name):
                sink.close()

    @contextmanager
    def _unharmed(self, name: str) -> Iterator[None]:
        """Whatever a library raises is no reason to lose a run."""
        try:
            yield
        except Exception as error:
            self._open.pop(name, None)
            fault = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"Sink '{name}' failed and is left out from here on: {fault}", file=sys.stderr)


def _kind(name: str) -> Callable[[Place], Sink]:
    if name == "tensorboard":
        from srpo_bench.harness.sinks.tensorboard import TensorBoard

        return TensorBoard
    if name == "wandb":
        from srpo_bench.harness.sinks.wandb import WandB

        return WandB
    from srpo_bench.harness.sinks.trackio import Trackio

    return Trackio


def _kept(run: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the run has recorded, in the order of its steps."""
    lines = ([(name, line) for line in read_lines(run / f"{name}.jsonl")] for name in SHOWN)
    return heapq.merge(*lines, key=lambda named: named[1]["step"])
