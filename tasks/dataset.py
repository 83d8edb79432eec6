"""Rows of a benchmark's files: from ``--data-dir`` or from the hub, checked.

A file is JSONL, parquet, a JSON list, or CSV with a head.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from srpo_bench.tasks.base import DataError, TaskError

CONNECT_SECONDS = 5.0
"""Longest wait for the hub to answer at all."""

_NAMES = {str: "text", int: "a whole number", list: "a list"}


@dataclass(frozen=True)
class Source:
    """One split of one data set, on disk and on the hub.

    files: names under ``--data-dir`` without suffix, the first that exists is taken.
    fields: what every row must have.   revision: the hub commit that is loaded.
    count, sha256: of the official split, and of its file.   home: where the file is published, if
    it is read from disk only (``hub`` is empty then).
    """

    files: tuple[str, ...]
    fields: tuple[tuple[str, type], ...]
    hub: str
    revision: str
    split: str
    count: int
    configs: tuple[str, ...] = ("default",)
    sha256: str = ""
    home: str = ""


@dataclass(frozen=True)
class Row:
    """One row, with the place to name when something is wrong with it."""

    where: str
    values: Mapping[str, Any]
    origin: Mapping[str, Any]
    """For a problem's ``meta``: where it was read, and whether that is the official data."""

    def error(self, expected: str) -> DataError:
        """The sentence for a row that cannot be used."""
        return DataError(f"{self.where}: expected {expected}.")


@lru_cache(maxsize=16)
def read(source: Source, data_dir: Path | None) -> tuple[Row, ...]:
    """All rows of a split, in file order.

    Raises:
        TaskError: there is no such file, the hub is out of reach, or a row is malformed.
    """
    if data_dir is None and not source.hub:
        raise TaskError(
            f"{source.files[0]} is read from disk: get it from {source.home}, and pass "
            f"--data-dir DIR where DIR/{source.files[0]} is that file."
        )
    rows = _from_hub(source) if data_dir is None else _from_disk(source, data_dir)
    if not rows:
        raise DataError(f"{source.files[0]} holds no rows.")
    for row in rows:
        _check(row, source)
    return rows


def _from_disk(source: Source, data_dir: Path) -> tuple[Row, ...]:
    for name in source.files:
        for suffix in (".jsonl", ".parquet", ".json", ".csv"):
            path = data_dir / (name + suffix)
            if path.is_file():
                return from_file(path, source.sha256)
    tried = " or ".join(f"{name}.jsonl" for name in source.files)
    raise TaskError(
        f"There is no {tried} (or .parquet, .json, .csv) in {data_dir}; put the file there"
        + (f", or leave --data-dir out to load {source.hub} from the hub." if source.hub else ".")
    )


def from_file(path: Path, official: str = "") -> tuple[Row, ...]:
    """All rows of a JSONL, parquet, JSON or CSV file. official: sha256 of the published one.

    Raises:
        DataError: it cannot be read, or is not what its suffix says (line named).
    """
    if path.is_dir():
        raise DataError(
            f"{path} is a folder: name a JSONL, parquet, JSON or CSV file (what datasets saved "
            "there, its to_parquet writes as one)."
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    digest = hashlib.sha256(data).hexdigest()
    origin = {"source": path.name, "sha256": digest, "official": digest == official}
    if path.suffix == ".parquet":
        return tuple(
            Row(f"{path}, row {number}", values, origin)
            for number, values in enumerate(_parquet_rows(path), start=1)
        )
    try:
        text = data.decode("utf-8-sig")  # what Windows puts before it is no part of it
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: expected UTF-8 text.") from error
    if path.suffix == ".json":
        return tuple(_json_list(path, text, origin))
    if path.suffix == ".csv":
        return tuple(_csv_rows(path, text, origin))
    return tuple(_json_rows(path, text.split("\n"), origin))


def _json_list(path: Path, text: str, origin: Mapping[str, Any]) -> Iterator[Row]:
    try:
        rows = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a JSON list; {error}.") from error
    if not isinstance(rows, list):
        raise DataError(f"{path}: expected a JSON list, not {type(rows).__name__}.")
    for number, values in enumerate(rows, start=1):
        if not isinstance(values, dict):
            raise DataError(f"{path}, row {number}: expected a JSON object.")
        yield Row(f"{path}, row {number}", values, origin)


def _csv_rows(path: Path, text: str, origin: Mapping[str, Any]) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = reader.fieldnames or ()
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{path} has two columns called {twice[0]!r}.")
        for values in reader:
            row = Row(f"{path}, line {reader.line_num}", values, origin)
            if None in values:  # an unquoted comma has moved what stands behind it
                raise row.error(f"{len(names)} columns, as in the header; quote text with commas")
            yield row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: expected CSV; {error}.") from error


def _json_rows(path: Path, lines: list[str], origin: Mapping[str, Any]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            values = _parsed(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: expected a JSON object; {error}.") from error
        if not isinstance(values, dict):
            raise DataError(f"{where}: expected a JSON object, not {type(values).__name__}.")
        yield Row(where, values, origin)


def _parsed(text: str) -> Any:
    """JSON that means one thing.

    Raises:
        ValueError: it is none, a key stands twice in an object, or half a surrogate pair is text.
    """
    value = json.loads(text, object_pairs_hook=_once)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"{error.object[error.start]!a}"
            raise ValueError(f"{half} is half of a surrogate pair, and no text") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each; Python keeps the last one without a word."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' stands twice in one object")
    return made


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: expected a parquet file; {error}.") from error
    return rows


def _from_hub(source: Source) -> tuple[Row, ...]:
    import datasets
    import huggingface_hub

    if not _reachable():  # what lies in the cache is still found, and nothing is tried five times
        datasets.config.HF_HUB_OFFLINE = huggingface_hub.constants.HF_HUB_OFFLINE = True
    origin = {"source": source.hub, "revision": source.revision, "official": True}
    rows: list[Row] = []
    try:
        for config in source.configs:
            loaded = datasets.load_dataset(
                source.hub, config, split=source.split, revision=source.revision
            )
            rows += [
                Row(f"{source.hub} ({config}, {source.split}), row {number}", values, origin)
                for number, values in enumerate(loaded, start=1)
            ]
    except Exception as error:  # offline, missing, refused: the library raises many kinds
        raise TaskError(
            f"Cannot load {source.hub} from the hub ({type(error).__name__}). Without the hub, "
            f"pass --data-dir DIR where DIR/{source.files[0]}.jsonl is that data."
        ) from error
    if len(rows) != source.count:
        raise TaskError(
            f"{source.hub} {source.split} has {len(rows)} rows; expected {source.count} at "
            f"revision {source.revision}."
        )
    return tuple(rows)


def _reachable() -> bool:
    """Whether the hub answers at all. Behind a proxy only the library itself can tell."""
    import huggingface_hub

    if urllib.request.getproxies():
        return True
    hub = urllib.parse.urlsplit(huggingface_hub.constants.ENDPOINT)
    try:
        port = hub.port or (443 if hub.scheme == "https" else 80)
        socket.create_connection((hub.hostname, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _check(row: Row, source: Source) -> None:
    wanted = ", ".join(f'"{name}" ({_NAMES[kind]})' for name, kind in source.fields)
    for name, kind in source.fields:
        value = row.values.get(name)
        if not isinstance(value, kind):
            problem = "is missing" if name not in row.values else f"is no {_NAMES[kind]}"
            raise row.error(f'{wanted}; "{name}" {problem.replace("no a ", "not a ")}')
        if isinstance(value, str) and name in ("question", "problem", "text") and not value.strip():
            raise row.error(f'{wanted}; "{name}" is empty')


def hold_out(rows: tuple[Row, ...], dev: bool) -> list[tuple[int, Row]]:
    """(index, row) of the train rows without their tail, or of that tail, which serves as dev.

    The tail is the last 500 rows, or a tenth of a file with fewer than 5,000.
    """
    cut = len(rows) - min(500, len(rows) // 10)
    numbered = list(enumerate(rows))
    return numbered[cut:] if dev else numbered[:cut]
