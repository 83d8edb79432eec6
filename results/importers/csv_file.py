"""CSV with a header: a row an evaluation."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from srpo_bench.results.importers.columns import Columns
from srpo_bench.results.importers.lines import BLANK, TORN, Lines
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.store import ResultsError

MLFLOW = re.compile(r"\d{13} \S+ \d+")


def read(path: Path, columns: Columns, notes: Notes) -> Iterator[Record]:
    """The evaluations of a file, as they stand.

    Raises:
        ResultsError: names the file, and the line where it is one line's fault.
    """
    lines = Lines(path)
    rows = csv.reader(iter(lines), strict=True)
    header = header_of(rows, lines)
    try:
        located = columns.locate(header)
    except ValueError as error:
        raise ResultsError(f"{path}: {error}.") from error
    columns.doubt_step(located["step"], notes)
    spare = (column for column in header if column not in located.values())
    notes.ignored.update(dict.fromkeys(column or "(no name)" for column in spare))
    where = {name: header.index(column) for name, column in located.items()}
    before = lines.number
    for row in rows_of(rows, lines):
        if not any(cell.strip() for cell in row):
            notes.skipped[BLANK] += 1
        elif len(row) < len(header) and not lines.whole:
            notes.skipped[TORN] += 1
        elif len(row) != len(header):
            raise _odd(lines, f"{len(row)} columns, and the header has {len(header)}")
        else:
            try:
                record = columns.record({n: row[i] for n, i in where.items()}, lines.number, notes)
            except ValueError as error:
                raise lines.wrong(error) from error
            if record is not None:
                notes.metrics[record.task] = located["accuracy"]
                yield record
    if lines.number == before:
        raise ResultsError(f"{path} has a header and no rows.")


def header_of(rows: Iterator[list[str]], lines: Lines) -> list[str]:
    """The names of the columns.

    Raises:
        ResultsError: the file is empty, or no CSV with commas.
    """
    header = next((row for row in rows_of(rows, lines) if row), None)
    if header is None:
        raise ResultsError(f"{lines.path} is empty.")
    first = ",".join(header)
    if first.lstrip().startswith(("{", "[")):
        raise ResultsError(f"{lines.path} looks like JSON, not CSV; try --from jsonl.")
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in first:
            raise ResultsError(f"{lines.path} separates columns by {name}; save it with commas.")
    if MLFLOW.fullmatch(first):
        raise ResultsError(
            f"{lines.path} is a metric of MLflow's file store (time, value, step); write it as CSV "
            "with the columns algo, seed, step and accuracy."
        )
    return [cell.strip() for cell in header]


def rows_of(rows: Iterator[list[str]], lines: Lines) -> Iterator[list[str]]:
    """The same rows; their faults are raised as our errors."""
    try:
        yield from rows
    except csv.Error as error:
        raise _odd(lines, f"not CSV ({error})") from error


def _odd(lines: Lines, why: str) -> ResultsError:
    """That the last line is no row, by what it looks like; else ``why``."""
    if lines.last.lstrip().startswith("{"):
        why = "JSON among CSV; a file has one format"
    elif "\r" in lines.last.rstrip("\r\n"):
        why = "a carriage return inside the line; save the file with ordinary line ends"
    return lines.wrong(why)
