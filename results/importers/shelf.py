"""Records in order, however many: on disk beyond what a cache holds, a record a run, step and task.

A file may repeat itself; it may not contradict itself.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from srpo_bench.results.importers.record import AXES, Record
from srpo_bench.results.store import ResultsError

TABLE = """CREATE TABLE scores (run INTEGER, step INTEGER, task TEXT, accuracy REAL, stderr REAL,
responses REAL, tokens REAL, seconds REAL, updates REAL, file INTEGER, line INTEGER,
PRIMARY KEY (run, step, task)) WITHOUT ROWID"""
FOUND = "SELECT * FROM scores WHERE run = ? AND step = ? AND task = ?"
FIELDS = ("accuracy", "stderr", *AXES)
UPDATES = FIELDS.index("updates")
PUT = f"INSERT OR REPLACE INTO scores VALUES ({','.join('?' * (5 + len(FIELDS)))})"
OnRepeat = Literal["first", "last"]
Placed = Literal["new", "same", "repeat", "within"]
Run = tuple[str, int]
"""Arm and seed."""


class Shelf:
    """A temporary data base that disappears with this object.

    on_repeat: which of two different values of one run and step counts; None: neither does.
    """

    def __init__(self, on_repeat: OnRepeat | None = None) -> None:
        self._on_repeat = on_repeat
        self._base = sqlite3.connect("", isolation_level=None)  # "": private, spills to disk
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA cache_size = -16000")  # KiB
        self._base.execute(TABLE)
        self._base.execute("BEGIN")
        self._runs: dict[Run, int] = {}
        self._arms: dict[str, str] = {}
        self._files: list[tuple[Path, str]] = []

    @property
    def runs(self) -> list[Run]:
        """Runs in order of first appearance."""
        return list(self._runs)

    def open(self, path: Path, unit: str) -> None:
        """The file that the next records come from, and what their numbers count."""
        self._files.append((path, unit))

    def add(self, record: Record, batched: bool = False) -> Placed:
        """Put a record in its place. "same": it stands there already, or says less; "repeat":
        another one stood there, and ``on_repeat`` chose; "within": both were made between the
        updates of one step, and the later one stands for it.

        Args:
            batched: its steps were updates, several of which are one step now.

        Raises:
            ResultsError: another one stands there; names both lines. Or no run can be called so.
        """
        if record.seed < 0:
            raise ResultsError(
                f"{self._here(record)}: a seed is not negative, as {record.seed} is."
            )
        run = self._runs.setdefault((record.arm, record.seed), len(self._runs))
        letters = unicodedata.normalize("NFC", record.arm)
        same = self._arms.setdefault(letters.casefold(), record.arm)
        if same != record.arm:
            composed = unicodedata.normalize("NFC", same) == letters
            how = "in how their accents are coded" if composed else "in case"
            raise ResultsError(
                f"{self._here(record)}: '{record.arm}' and '{same}' differ {how} only; write "
                "them alike, or give them two names."
            )
        values = [getattr(record, field) for field in FIELDS]
        key = (run, record.step, record.task)
        other = self._base.execute(FOUND, key).fetchone()
        if other is None:
            self._put(key, values, record.line)
            return "new"
        before = other[3 : 3 + len(FIELDS)]
        pairs = list(zip(before, values, strict=True))
        differ = [i for i, (old, new) in enumerate(pairs) if None not in (old, new) and old != new]
        if not differ:
            both = [new if old is None else old for old, new in pairs]
            self._put(key, both, record.line)
            return "same"
        done, now = before[UPDATES], values[UPDATES]
        if batched and None not in (done, now) and done != now:
            if now > done:
                self._put(key, values, record.line)
            return "within"
        if self._on_repeat is None:
            raise self._twice(record, FIELDS[differ[0]], pairs[differ[0]], other[-2:])
        if self._on_repeat == "last":
            self._put(key, values, record.line)
        return "repeat"

    def evaluations(self, run: Run) -> Iterator[list[Record]]:
        """A run's evaluations by step, each a record a task."""
        cursor = self._base.execute(
            "SELECT * FROM scores WHERE run = ? ORDER BY step, task", (self._runs[run],)
        )
        group: list[Record] = []
        for _, step, task, accuracy, stderr, *spent, _, line in cursor:
            if group and group[0].step != step:
                yield group
                group = []
            group.append(Record(*run, step, accuracy, line, task, stderr, *spent))
        if group:
            yield group

    def _put(self, key: tuple[int, int, str], values: Sequence[Any], line: int) -> None:
        try:
            self._base.execute(PUT, (*key, *values, len(self._files) - 1, line))
        except sqlite3.OperationalError as error:
            raise ResultsError(
                f"No room to sort what was read ({error}); name a larger folder by TMPDIR."
            ) from error

    def _twice(
        self,
        record: Record,
        field: str,
        values: tuple[float | None, float | None],
        other: tuple[int, int],
    ) -> ResultsError:
        old, new = ("unknown" if v is None else repr(v) for v in values)
        evaluation = f"{record.arm}, seed {record.seed}, step {record.step}"
        return ResultsError(
            f"{self._where(*other)} and {self._here(record)} tell {evaluation} twice, with {field} "
            f"{old} and {new}; keep one of them, or say which counts: --on-repeat first or last."
        )

    def _here(self, record: Record) -> str:
        return self._where(len(self._files) - 1, record.line)

    def _where(self, file: int, line: int) -> str:
        path, unit = self._files[file]
        return f"{path}, {unit} {line}"
