"""The records of every source that a request names, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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


def sources_of(
    request: Request, notes: Notes, facts: Facts, shelf: Shelf
) -> Iterator[tuple[Source, Iterator[Record]]]:
    """Every source with its records. All are looked at before the first is read."""
    table, tracker = request.format in TABLES, request.format in TRACKERS
    if tracker:
        named = parse_runs(request.runs)
        for text in request.files:
            yield _tracked(request, text, named, notes, facts, shelf)
        return
    parsed = [
        sources.parse(text, request.arm, request.seed, one_run=not table) for text in request.files
    ]
    records = _tables(request, notes) if table else _logs(request, notes, facts)
    unit = "line" if table else TRAINERS[request.format].unit
    for source in parsed:
        shelf.open(source.path, unit)
        yield source, records(source)


def _tracked(
    request: Request,
    text: str,
    named: Mapping[str, tuple[str, int]],
    notes: Notes,
    facts: Facts,
    shelf: Shelf,
) -> tuple[Source, Iterator[Record]]:
    """A chart's CSV, or a project by its library's interface."""
    path, run_of_name = Path(text).expanduser(), partial(run_of, named=named)
    source = Source(path)
    if request.format == "wandb" and (path.is_file() or path.suffix == ".csv"):
        shelf.open(path, "line")
        chart = wandb_chart.read(path, run_of_name, request.metrics, request.scale, notes)
        return source, chart
    return source, _project(request, source, run_of_name, notes, facts, shelf)


def _project(
    request: Request,
    source: Source,
    run_of_name: Callable[[str], Run],
    notes: Notes,
    facts: Facts,
    shelf: Shelf,
) -> Iterator[Record]:
    seen: dict[Run, str] = {}
    for entry in PROJECTS[request.format](str(source.path)):
        run, trainer = run_of_name(entry.name), tracked.trainer(entry)
        if run in seen:
            raise ResultsError(
                f"'{seen[run]}' and '{entry.name}' are both {run[0]}, seed {run[1]}; tell them "
                "apart with --run ARM/SEED=NAME."
            )
        seen[run] = entry.name
        shelf.open(source.path, trainer.unit)
        yield from _log(request, source.path, trainer, run, notes, facts, logs.Totals())


def _tables(request: Request, notes: Notes) -> Callable[[Source], Iterator[Record]]:
    mapped = parse_map(request.mapped)

    def records(source: Source) -> Iterator[Record]:
        columns = Columns(mapped, source.arm, source.seed, request.scale, request.skip_empty)
        return TABLE[request.format](source.path, columns, notes)

    return records


def _logs(request: Request, notes: Notes, facts: Facts) -> Callable[[Source], Iterator[Record]]:
    trainer = TRAINERS[request.format]
    totals: dict[Run, logs.Totals] = {}

    def records(source: Source) -> Iterator[Record]:
        spent = totals.setdefault(source.run, logs.Totals())
        return _log(request, source.path, trainer, source.run, notes, facts, spent)

    return records


def _log(
    request: Request,
    path: Path,
    trainer: logs.Trainer,
    run: Run,
    notes: Notes,
    facts: Facts,
    totals: logs.Totals,
) -> Iterator[Record]:
    """A run's records; what the log says of the run as a whole is among ``facts`` by then."""
    notes.facts.clear()
    for record in logs.read(path, trainer, run, notes, totals, request.metrics, request.scale):
        facts.setdefault(run, {}).update(notes.facts)
        yield record
    facts.setdefault(run, {}).update(notes.facts)
