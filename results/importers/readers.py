"""The records of every source that a request names, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from srpo_bench.results.importers import (
    csv_file,
    jsonl,
    logs,
    openrlhf,
    sources,
    tensorboard,
    tracked,
    trl,
    verl,
    wandb_chart,
)
from srpo_bench.results.importers.columns import Columns, parse_map
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.importers.request import TABLES, TRACKERS, Request
from srpo_bench.results.importers.shelf import Run, Shelf
from srpo_bench.results.importers.sources import Source, parse_runs, run_of
from srpo_bench.results.store import ResultsError

Facts = dict[Run, dict[str, Any]]
Reader = Callable[[Path, Columns, Notes], Iterator[Record]]
TABLE: dict[str, Reader] = {"csv": csv_file.read, "jsonl": jsonl.read}
TRAINERS = {
    "trl": trl.TRAINER,
    "verl": verl.TRAINER,
    "openrlhf": openrlhf.TRAINER,
    "tensorboard": tensorboard.TRAINER,
}
PROJECTS = {"wandb": tracked.wandb_runs, "trackio": tracked.trackio_runs}


@dataclass(frozen=True)
class Reading:
    """A request's sources, and what is noticed and known of runs while they are read."""

    request: Request
    notes: Notes
    facts: Facts
    shelf: Shelf

    def sources(self) -> Iterator[tuple[Source, Iterator[Record]]]:
        """Every source with its records. All are looked at before the first is read."""
        request = self.request
        if request.format in TRACKERS:
            run_of_name = partial(run_of, named=parse_runs(request.runs))
            for text in request.files:
                source = Source(Path(text).expanduser())
                yield source, self._tracked(source.path, run_of_name)
            return
        table = request.format in TABLES
        parsed = [
            sources.parse(text, request.arm, request.seed, one_run=not table)
            for text in request.files
        ]
        yield from self._tables(parsed) if table else self._logs(parsed)

    def _tables(self, parsed: list[Source]) -> Iterator[tuple[Source, Iterator[Record]]]:
        request, mapped = self.request, parse_map(self.request.mapped)
        for source in parsed:
            self.shelf.open(source.path, "line")
            columns = Columns(mapped, source.arm, source.seed, request.scale, request.skip_empty)
            yield source, TABLE[request.format](source.path, columns, self.notes)

    def _logs(self, parsed: list[Source]) -> Iterator[tuple[Source, Iterator[Record]]]:
        trainer, totals = TRAINERS[self.request.format], dict[Run, logs.Totals]()
        for source in parsed:
            self.shelf.open(source.path, trainer.unit)
            spent = totals.setdefault(source.run, logs.Totals())
            yield source, self._log(source.path, trainer, source.run, spent)

    def _tracked(self, path: Path, run_of_name: Callable[[str], Run]) -> Iterator[Record]:
        """A chart's CSV, or a project by its library's interface."""
        request = self.request
        if request.format == "wandb" and (path.is_file() or path.suffix == ".csv"):
            self.shelf.open(path, "line")
            return wandb_chart.read(path, run_of_name, request.metrics, request.scale, self.notes)
        return self._project(path, run_of_name)

    def _project(self, path: Path, run_of_name: Callable[[str], Run]) -> Iterator[Record]:
        seen: dict[Run, str] = {}
        for entry in PROJECTS[self.request.format](str(path)):
            run, trainer = run_of_name(entry.name), tracked.trainer(entry)
            if run in seen:
                raise ResultsError(
                    f"'{seen[run]}' and '{entry.name}' are both {run[0]}, seed {run[1]}; tell them "
                    "apart with --run ARM/SEED=NAME."
                )
            seen[run] = entry.name
            self.shelf.open(path, trainer.unit)
            yield from self._log(path, trainer, run, logs.Totals())

    def _log(
        self, path: Path, trainer: logs.Trainer, run: Run, totals: logs.Totals
    ) -> Iterator[Record]:
        """A run's records; what the log says of the run as a whole is among ``facts`` by then."""
        request, notes = self.request, self.notes
        notes.facts.clear()
        for record in logs.read(path, trainer, run, notes, totals, request.metrics, request.scale):
            self._learn(run)
            yield record
        self._learn(run)

    def _learn(self, run: Run) -> None:
        """What is noted of a run; of several logs of one, in any order, the furthest tells."""
        known, told = self.facts.setdefault(run, {}), self.notes.facts
        if told.get("last_step", 0) >= known.get("last_step", 0):
            known.update(told)
