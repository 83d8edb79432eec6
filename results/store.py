"""The run directory: the only contract between training and reporting.

    <comparison>/
      comparison.json           what was planned: arms, seeds, contract, command, problems
      <arm>/seed-<n>/
        manifest.json           resolved settings, contract, versions, host
        steps.jsonl             one line a step, deterministic
        evals.jsonl             one line an evaluation, deterministic
        timing.jsonl            one line a step: seconds, the part that differs from run to run
        samples.jsonl           prompts, responses, grades
        final.json              the last scoring, where one was asked for; deterministic
        status.json             waiting | running | done | failed | stopped
        attempts/<n>/           one a start: attempt.json says when, and on which machine
        checkpoints/step-<n>/
      report/

Append-only while a run lives and readable at any moment: a torn last line is ignored by readers.
Standard library and orjson only, so that both sides import it for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from srpo_bench.results.schema import SCHEMA

FINAL = "final.json"
STATUS = "status.json"
STOP = "stop"
"""A file of this name in a comparison's folder makes each of its runs save itself and end."""
NO_ARM = ("report", STOP)
"""What else stands beside the arms' folders, under a name that an arm could have."""
TAIL = 1 << 16
"""Bytes read at once from a file's end; a line may be longer."""


def write_json(path: Path, value: Any) -> None:
    """Write atomically: temp file in the same folder, fsync, rename, fsync of the folder."""
    temp = path.with_name(f".{path.name}.tmp")
    try:
        with temp.open("w", encoding="utf-8") as f:
            json.dump(value, f, indent=2, ensure_ascii=False)
            f.write("\n")
            f.flush()
            os.fsync(f.fileno())
    except BaseException:  # Ctrl-C too
        temp.unlink(missing_ok=True)
        raise
    temp.replace(path)
    sync(path.parent)


def overwrite_json(path: Path, value: Any) -> None:
    """Write in the room that the file already has: not atomic, for a disk that is full."""
    with path.open("r+", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)
        file.write("\n")
        file.truncate()


def sync(path: Path) -> None:
    """Make a file's content, or renames inside a folder, durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_json(path: Path) -> Any:
    """Parse one JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_record(path: Path) -> dict[str, Any]:
    """A JSON object of a run directory, as this code understands it.

    Raises:
        ResultsError: unreadable, no object, or written by a newer srpo-bench.
    """
    try:
        value = read_json(path)
    except (ValueError, OSError) as error:
        raise ResultsError(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise ResultsError(f"{path} must hold a JSON object, not {type(value).__name__}.")
    schema = value.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise NewerError(
            f"{path} was written by a newer srpo-bench (schema {schema}; this one reads up to "
            f"{SCHEMA}): upgrade srpo-bench to read it."
        )
    return value


def read_plan(path: Path) -> dict[str, Any]:
    """A comparison.json.

    Raises:
        ResultsError: as ``read_record``, or it is the record of no comparison.
    """
    plan = read_record(path)
    if not isinstance(plan.get("arms"), list):
        raise ResultsError(
            f"{path} names no arms, so it is no comparison's record; put the written one back."
        )
    return plan


def append_line(path: Path, value: Any) -> None:
    """Append one JSON line in a single write."""
    with path.open("ab") as f:
        f.write(json_line(value))


def json_line(value: Any) -> bytes:
    """A line of a JSONL file."""
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a JSONL file; nothing if there is no file. A torn last line is skipped.

    Raises:
        ValueError: a line other than the last is no JSON object; names file and line.
    """
    if not path.exists():
        return
    with path.open("rb") as f:
        for number, line in enumerate(f, 1):
            if not line.endswith(b"\n"):
                return
            try:
                record = orjson.loads(line)
            except ValueError:  # NaN, which Python writes, is none to orjson
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(record, dict):
                raise ValueError(f"{path}, line {number}: not a JSON object")
            yield record


def last_line(path: Path) -> dict[str, Any] | None:
    """The last whole line of a JSONL file, None where there is none; reads the tail alone."""
    try:
        with path.open("rb") as f:
            start, tail = f.seek(0, os.SEEK_END), b""
            while start and tail.count(b"\n") < 2:  # one ends the last line, one the line before
                end, start = start, max(0, start - TAIL)
                f.seek(start)
                tail = f.read(end - start) + tail
    except FileNotFoundError:
        return None
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    return json.loads(lines[-1]) if lines else None


def is_taken(place: Path) -> bool:
    """Whether something stands there already: a file, or a folder that is not empty."""
    return place.exists() and (not place.is_dir() or any(place.iterdir()))


def run_dirs(comparison: Path) -> list[Path]:
    """Run directories of a comparison, by arm then seed."""
    found = (p.parent for p in comparison.glob("*/seed-*/manifest.json"))
    numbers = {folder: number(folder.name.removeprefix("seed-")) for folder in found}
    whole = {folder: seed for folder, seed in numbers.items() if seed is not None}
    return sorted(whole, key=lambda folder: (folder.parent.name, whole[folder]))


class ResultsError(ValueError):
    """The directory or the request is wrong; the message is one sentence that says what to do."""


class NewerError(ResultsError):
    """The directory is right, and this code too old for it."""


def saved(run: Path) -> list[int]:
    """Steps that have a whole checkpoint, oldest first; what a run would name otherwise is none."""
    folders = (path for path in (run / "checkpoints").glob("step-*") if path.is_dir())
    steps = (number(path.name.removeprefix("step-")) for path in folders)
    return sorted(step for step in steps if step is not None)


def number(name: str) -> int | None:
    """The whole number that a name is, written as we write it; None for somebody's own folder, such
    as a copy called seed-1.old or step-007."""
    return int(name) if name.isdecimal() and name == str(int(name)) else None
