"""JSON lines: an object an evaluation, with flat keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srpo_bench.results.importers.columns import Columns
from srpo_bench.results.importers.lines import BLANK, TORN, Lines
from srpo_bench.results.importers.record import Notes, Record
from srpo_bench.results.store import ResultsError

BESIDE = "some lines name a task and some do not; if these are means of those, leave them out"
SPARSE = "if lines without it are training steps, add --skip-empty"


def read(path: Path, columns: Columns, notes: Notes) -> Iterator[Record]:
    """The evaluations of a file, as they stand.

    Raises:
        ResultsError: names the file, and the line where it is one line's fault.
    """
    lines = Lines(path)
    present: tuple[str, ...] = ()
    located: dict[str, str] = {}
    scored = named = False
    for row in objects(lines, notes):
        try:
            if tuple(row) != present:
                present = tuple(row)
                _foreign(present)
                located = columns.locate(present, sparse=True)
                if "accuracy" not in located and not columns.skip_empty:
                    raise ValueError(f"{columns.missing('accuracy', present)}; {SPARSE}")
                columns.doubt_step(located["step"], notes)
                notes.ignored.update(dict.fromkeys(c for c in row if c not in located.values()))
            cells = {name: row[column] for name, column in located.items()}
            record = columns.record(cells, lines.number, notes)
            if record is not None and scored and named != bool(record.task):
                raise ValueError(BESIDE)
        except ValueError as error:
            raise lines.wrong(error) from error
        if record is not None:
            scored, named = True, bool(record.task)
            notes.metrics[record.task] = located["accuracy"]
            yield record
    if not scored:
        name = columns.mapped.get("accuracy", "accuracy")
        raise ResultsError(f"{path}: no line has a '{name}'. Keys: {', '.join(present)}.")


def objects(lines: Lines, notes: Notes) -> Iterator[dict[str, Any]]:
    """The JSON objects of lines. Blank lines and a torn last one are counted.

    Raises:
        ResultsError: a whole line that is no JSON object.
    """
    for text in lines:
        if not text.strip():
            notes.skipped[BLANK] += 1
            continue
        try:
            value = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            if not lines.whole and lines.number > 1:
                notes.skipped[TORN] += 1
                continue
            raise lines.wrong(f"not JSON ({_why(error, text)})") from error
        if not isinstance(value, dict):
            raise lines.wrong(f"a JSON object is needed, not {type(value).__name__}")
        yield value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each; Python keeps the last one without a word."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"'{key}' stands twice in one object")
        made[key] = value
    return made


def _why(error: Exception, text: str) -> str:
    if text.strip() in ("{", "["):
        return "one value over many lines; TRL's trainer_state.json is read with --from trl"
    if not text.lstrip().startswith("{") and "," in text:
        return "CSV? then --from csv"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _foreign(keys: tuple[str, ...]) -> None:
    if set(keys) == {"step", "data"}:
        raise ValueError("this is verl's file logger; use --from verl")
    if "log_history" in keys:
        raise ValueError("this is TRL's trainer_state.json; use --from trl")
