"""``bench import``: files of one format to run directories."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from srpo_bench import __version__
from srpo_bench.results.importers.columns import NAN
from srpo_bench.results.importers.doubts import doubts
from srpo_bench.results.importers.logs import REWARD, held_out, on_training
from srpo_bench.results.importers.readers import TRAINERS, Facts, Reading
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.importers.request import Request, consistent, on_repeat
from srpo_bench.results.importers.shelf import Placed, Shelf
from srpo_bench.results.importers.units import batches, choose, counted, result
from srpo_bench.results.importers.write import Written, free, write
from srpo_bench.results.schema import Unit
from srpo_bench.results.store import ResultsError

SAYS = {
    "csv": "a CSV file",
    "jsonl": "a JSONL file",
    "wandb": "runs of W&B",
    "trackio": "runs of trackio",
}
DUPLICATES = "identical duplicates"
WITHIN = "evaluations between the updates of a step; the last of it counts"


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
    consistent(request)
    free(request.out)
    notes, shelf = Notes(), Shelf(on_repeat(request))
    facts: Facts = {}
    files = []
    for source, records in Reading(request, notes, facts, shelf).sources():
        count = 0
        for record in records:
            count += 1
            unit = _unit(request, facts, record)
            per_step = request.updates_in(record.arm)
            placed = shelf.add(
                counted(record, unit, per_step), batched=unit == "update" and per_step is not None
            )
            if placed != "new":
                notes.skipped[_repeated(placed, request)] += 1
        if not count:
            raise ResultsError(f"There is no evaluation in {source.path}.")
        files.append(_file(source.path, count))
    request.refuse_unnamed([arm for arm, _ in shelf.runs])
    _in_batches(facts, request)
    notes.doubts += doubts(shelf, notes.metrics.values(), request.scale)
    if lost := notes.skipped[NAN]:
        are = "accuracy is" if lost == 1 else "accuracies are"
        notes.doubts.append(f"{lost:,} {are} NaN and left out: evaluations that failed?")
    metric = _metric(notes.metrics, bool(request.metrics))
    plan = _plan(request, files, metric, notes)
    return Imported(write(shelf, request.out, plan, facts), notes, metric, files)


def _repeated(placed: Placed, request: Request) -> str:
    named = {"same": DUPLICATES, "within": WITHIN}
    return named.get(placed, f"repeated evaluations that differ (--on-repeat {request.on_repeat})")


def _unit(request: Request, facts: Facts, record: Record) -> Unit:
    """What a record's step is; kept among the facts of its run."""
    of_run = facts.setdefault((record.arm, record.seed), {})
    declared = of_run.get("unit", "unstated")
    per_step = request.updates_in(record.arm)
    unit = choose(declared, cast(Unit | None, request.unit), per_step)
    of_run["written"] = result(unit, per_step)
    of_run["converted"] = of_run["written"] != unit
    return unit


def _in_batches(facts: Facts, request: Request) -> None:
    """Budgets in the steps that are written."""
    for (arm, _), of_run in facts.items():
        if of_run.pop("converted", False):
            for name in ("steps", "last_step"):
                if name in of_run:
                    of_run[name] = batches(of_run[name], request.updates_in(arm))
        of_run["unit"] = of_run.pop("written", "unstated")


def _metric(metrics: Mapping[str, str], named: bool) -> dict[str, Any]:
    """What the accuracy was read from, and whether its name says that it is held-out."""
    keys = list(dict.fromkeys(metrics.values()))
    plain = all(k.strip().lower() in ("accuracy", "acc") for k in keys)
    reward = any(REWARD.search(k) for k in keys)
    trained = any(on_training(name) for pair in metrics.items() for name in pair)
    if trained or not (plain or all(held_out(k) for k in keys)):
        kind = "training reward" if reward else "not known to be held-out"
    else:
        kind = "held-out reward" if reward else "held-out accuracy"
    return {"keys": keys, "kind": kind, "named_by_user": named}


def _file(path: Path, records: int) -> dict[str, Any]:
    """Provenance of a file; of a folder, what it is called."""
    origin: dict[str, Any] = {"path": str(path), "scores": records}
    if path.is_file():
        with path.open("rb") as f:
            origin["sha256"] = hashlib.file_digest(f, "sha256").hexdigest()
    return origin


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
        "notes": list(notes.doubts),
        "imported": {
            "format": request.format,
            "says": trainer.says if trainer else SAYS[request.format],
            "metric": metric["keys"],
            "kind": metric["kind"],
            "named_by_user": metric["named_by_user"],
            "scale": request.scale,
            "updates_per_step": request.updates_per_step,
            "updates_of": list(request.updates_of),
            "skipped": dict(notes.skipped),
            "files": files,
        },
    }
