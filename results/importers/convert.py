"""``bench import``: files of one format to run directories."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srpo_bench import __version__
from srpo_bench.results.importers import (
    csv_file,
    jsonl,
    logs,
    openrlhf,
    sources,
    tensorboard,
    trl,
    verl,
)
from srpo_bench.results.importers.columns import Columns, parse_map
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.importers.shelf import Run, Shelf
from srpo_bench.results.importers.sources import Source
from srpo_bench.results.importers.write import Written, free, write
from srpo_bench.results.store import ResultsError

Reader = Callable[[Path, Columns, Notes], Iterator[Record]]
TABLES: dict[str, Reader] = {"csv": csv_file.read, "jsonl": jsonl.read}
TRAINERS = {
    "trl": trl.TRAINER,
    "verl": verl.TRAINER,
    "openrlhf": openrlhf.TRAINER,
    "tensorboard": tensorboard.TRAINER,
}
FORMATS = (*TABLES, *TRAINERS)
DUPLICATES = "identical duplicates"


@dataclass(frozen=True)
class Request:
    """What the user asked for. mapped: NAME=COLUMN, for tables.   metrics: keys, for logs."""

    format: str
    files: Sequence[str]
    out: Path
    command: str = ""
    mapped: Sequence[str] = ()
    metrics: Sequence[str] = ()
    arm: str | None = None
    seed: int | None = None
    scale: float = 1.0
    skip_empty: bool = False
    baseline: str | None = None
    vouched: bool = False


@dataclass(frozen=True)
class Imported:
    """What came of it."""

    written: Written
    notes: Notes
    metric: dict[str, Any]
    files: list[dict[str, Any]]

    @property
    def same_files(self) -> list[list[str]]:
        """Files of one content, where there are several: a slip of the hand."""
        by_digest: dict[str, list[str]] = {}
        for file in self.files:
            by_digest.setdefault(file.get("sha256", file["path"]), []).append(file["path"])
        return [paths for paths in by_digest.values() if len(paths) > 1]


def import_runs(request: Request) -> Imported:
    """Read files and write a comparison of what is in them.

    Raises:
        ResultsError: anything that would have to be guessed; nothing is written then.
    """
    _consistent(request)
    free(request.out)
    table = request.format in TABLES
    found = [
        sources.parse(text, request.arm, request.seed, one_run=not table) for text in request.files
    ]
    notes, shelf = Notes(), Shelf()
    facts: dict[Run, dict[str, Any]] = {}
    files = []
    unit = "line" if table else TRAINERS[request.format].unit
    records = _tables(request, notes) if table else _logs(request, notes, facts)
    for source in found:
        shelf.open(source.path, unit)
        count = 0
        for record in records(source):
            count += 1
            if not shelf.add(record):
                notes.skipped[DUPLICATES] += 1
        files.append(_file(source.path, count))
    if not shelf.runs:
        raise ResultsError(f"There is no evaluation in {', '.join(request.files)}.")
    metric = _metric(notes.metrics, bool(request.metrics))
    plan = _plan(request, files, metric, notes)
    return Imported(write(shelf, request.out, plan, facts), notes, metric, files)


def _consistent(request: Request) -> None:
    table = request.format in TABLES
    if table and request.metrics:
        raise ResultsError("--metric is for logs; a table's column is named by --map accuracy=….")
    if not table and (request.mapped or request.skip_empty):
        raise ResultsError("--map and --skip-empty are for csv and jsonl; a log takes --metric.")
    if not table and request.seed is not None and len(request.files) > 1:
        raise ResultsError("--seed names one run; with several files write ARM/SEED=FILE.")
    if not 0 < request.scale <= 1:
        raise ResultsError(
            f"--scale makes fractions, as 0.01 does of percent; got {request.scale}."
        )


def _tables(request: Request, notes: Notes) -> Callable[[Source], Iterator[Record]]:
    mapped = parse_map(request.mapped)

    def records(source: Source) -> Iterator[Record]:
        columns = Columns(mapped, source.arm, source.seed, request.scale, request.skip_empty)
        return TABLES[request.format](source.path, columns, notes)

    return records


def _logs(
    request: Request, notes: Notes, facts: dict[Run, dict[str, Any]]
) -> Callable[[Source], Iterator[Record]]:
    trainer = TRAINERS[request.format]
    totals: dict[Run, logs.Totals] = {}

    def records(source: Source) -> Iterator[Record]:
        run = source.run
        notes.facts.clear()
        yield from logs.read(
            source.path,
            trainer,
            run,
            notes,
            totals.setdefault(run, logs.Totals()),
            request.metrics,
            request.scale,
        )
        facts[run] = dict(notes.facts)

    return records


def _metric(metrics: Mapping[str, str], named: bool) -> dict[str, Any]:
    """What the accuracy was read from, and whether its name says that it is held-out."""
    keys = list(metrics.values())
    plain = all(k.strip().lower() in ("accuracy", "acc") for k in keys)
    reward = any("reward" in k.lower() or "test_score" in k for k in keys)
    if not plain and not all(logs.held_out(k) for k in keys):
        kind = "training reward" if reward else "not known to be held-out"
    else:
        kind = "held-out reward" if reward else "held-out accuracy"
    return {"keys": keys, "kind": kind, "named_by_user": named}


def _file(path: Path, records: int) -> dict[str, Any]:
    """Provenance of a file; of a folder, what it is called."""
    told: dict[str, Any] = {"path": str(path), "scores": records}
    if path.is_file():
        with path.open("rb") as f:
            told["sha256"] = hashlib.file_digest(f, "sha256").hexdigest()
    return told


def _plan(
    request: Request, files: list[dict[str, Any]], metric: dict[str, Any], notes: Notes
) -> dict[str, Any]:
    trainer = TRAINERS.get(request.format)
    return {
        "name": request.out.name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": request.command,
        "bench_version": __version__,
        "baseline": request.baseline,
        "vouched_matched": request.vouched,
        "tasks": [],
        "eval_tasks": [task for task in notes.metrics if task],
        "notes": [],
        "imported": {
            "format": request.format,
            "says": trainer.says if trainer else f"a {request.format.upper()} file",
            "metric": metric["keys"],
            "kind": metric["kind"],
            "named_by_user": metric["named_by_user"],
            "scale": request.scale,
            "skipped": dict(notes.skipped),
            "files": files,
        },
    }
