"""Records in order, however many: on disk beyond what a cache holds, a record a run, step and task.

A file may repeat itself; it may not contradict itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from srpo_bench.results.importers.record import Record
from srpo_bench.results.store import ResultsError

TABLE = """CREATE TABLE scores (run INTEGER, step INTEGER, task TEXT, accuracy REAL, stderr REAL,
responses REAL, tokens REAL, seconds REAL, file INTEGER, line INTEGER,
PRIMARY KEY (run, step, task)) WITHOUT ROWID"""
FOUND = "SELECT * FROM scores WHERE run = ? AND step = ? AND task = ?"
FIELDS = ("accuracy", "stderr", "responses", "tokens", "seconds")
Run = tuple[str, int]
"""Arm and seed."""


class Shelf:
    """A temporary data base that disappears with this object."""

    def __init__(self) -> None:
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
        """In order of first appearance."""
        return list(self._runs)

    def open(self, path: Path, unit: str) -> None:
        """The file that the next records come from, and what their numbers count."""
        self._files.append((path, unit))

    def add(self, record: Record) -> bool:
        """Put a record in its place; False where the same one stands there already.

        Raises:
            ResultsError: another one stands there; names both lines.
        """
        run = self._runs.setdefault((record.arm, record.seed), len(self._runs))
        same = self._arms.setdefault(record.arm.casefold(), record.arm)
        if same != record.arm:
            raise ResultsError(
                f"{self._where(len(self._files) - 1, record.line)}: '{record.arm}' and '{same}' "
                "differ in case only; write them alike, or give them two names."
            )
        values = tuple(getattr(record, field) for field in FIELDS)
        key = (run, record.step, record.task)
        row = (*key, *values, len(self._files) - 1, record.line)
        try:
            self._base.execute("INSERT INTO scores VALUES (?,?,?,?,?,?,?,?,?,?)", row)
        except sqlite3.IntegrityError:
            other = self._base.execute(FOUND, key).fetchone()
            for field, old, new in zip(FIELDS, other[3:8], values, strict=True):
                if old != new:
                    raise self._twice(record, field, (old, new), other[8:]) from None
            return False
        except sqlite3.OperationalError as error:
            raise ResultsError(
                f"No room to sort what was read ({error}); name a larger folder by TMPDIR."
            ) from error
        return True

    def evaluations(self, run: Run) -> Iterator[list[Record]]:
        """A run's evaluations by step, each a record a task."""
        cursor = self._base.execute(
            "SELECT * FROM scores WHERE run = ? ORDER BY step, task", (self._runs[run],)
        )
        group: list[Record] = []
        for _, step, task, accuracy, stderr, responses, tokens, seconds, _, line in cursor:
            if group and group[0].step != step:
                yield group
                group = []
            group.append(
                Record(*run, step, accuracy, line, task, stderr, responses, tokens, seconds)
            )
        if group:
            yield group

    def _twice(
        self,
        record: Record,
        field: str,
        values: tuple[float | None, float | None],
        other: tuple[int, int],
    ) -> ResultsError:
        old, new = ("unknown" if v is None else f"{v:.10g}" for v in values)
        what = f"{record.arm}, seed {record.seed}, step {record.step}"
        return ResultsError(
            f"{self._where(*other)} and {self._where(len(self._files) - 1, record.line)} tell "
            f"{what} twice, with {field} {old} and {new}; keep one of them."
        )

    def _where(self, file: int, line: int) -> str:
        path, unit = self._files[file]
        return f"{path}, {unit} {line}"
