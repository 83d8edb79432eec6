"""An attempt at a run, fenced: from the moment a later one has begun, it changes nothing any more.

A node that comes back from the dead does not know that its run went on elsewhere. So nothing here
looks first and writes then. What an attempt does to its run's folder goes one of two ways:

- whole files and folders are prepared in its *outbox*, ``attempts/<n>/outbox``, and renamed into
  place; what is to go is renamed into the outbox;
- lines are appended to record files that the attempt has put there itself and holds open.

A later attempt first takes the outboxes of all earlier ones away, and only then reads anything;
then it puts copies in the place of the record files. Every rename of an earlier attempt fails from
then on, and its lines end in files that no name leads to any more.

An attempt's number is claimed by renaming a folder that holds its outbox already to
``attempts/<n>``, which fails where that is there: a number is never given twice, and an outbox that
was taken away never comes back. Nothing here needs a lock, so that a network file system will do
whose renames are atomic on the server; one that has lost a file answers its late writer with an
error instead.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from srpo_bench.harness.errors import RunError
from srpo_bench.results.attempts import ATTEMPT, ATTEMPTS, attempt_numbers
from srpo_bench.results.store import json_line, read_json, sync, write_json

OUTBOX = "outbox"


class SupersededError(RunError):
    """A later attempt has taken the run over; this one has written nothing since."""

    def __init__(self, run: Path) -> None:
        super().__init__(f"A later attempt has taken {run} over; this one ends.")


class Attempt:
    """One process's hold on a run's folder."""

    def __init__(self, run: Path, about: Mapping[str, Any] | None = None) -> None:
        """Begin one, and take the run from every earlier one.

        Args:
            run: the run's folder.
            about: who and where, for the record.
        """
        self.run, self.token = run, uuid4().hex
        self.number = _claim(run, self.token, about or {})
        self._outbox = run / ATTEMPTS / str(self.number) / OUTBOX
        self.saved: Callable[[Path], None] = lambda _: None
        """Called with every checkpoint, once it is in its place."""
        self._records: dict[str, FileIO] = {}
        self._notes: dict[str, FileIO] = {}
        for earlier in attempt_numbers(run):
            if earlier < self.number:
                self._take(run / ATTEMPTS / str(earlier) / OUTBOX)

    def tell(self, about: Mapping[str, Any]) -> None:
        """Add to what the attempt says of itself, in a file that is its own."""
        path = self.run / ATTEMPTS / str(self.number) / ATTEMPT
        write_json(path, read_json(path) | about)

    @property
    def superseded(self) -> bool:
        """Whether a later attempt has begun. A courtesy, to end early: nothing rests on it."""
        return not self._outbox.is_dir()

    def check(self) -> None:
        """End early where this attempt has been superseded.

        Raises:
            SupersededError: it has.
        """
        if self.superseded:
            raise SupersededError(self.run)

    def prepare(self, name: str) -> Path:
        """Where to prepare something under this name, in the outbox."""
        self.check()
        return self._outbox / name

    def put(self, prepared: Path, place: Path) -> None:
        """Move what was prepared into its place in the run's folder; a file there is replaced.

        Raises:
            SupersededError: a later attempt has begun.
        """
        try:
            prepared.rename(place)
        except FileNotFoundError:
            raise SupersededError(self.run) from None
        sync(place.parent)

    def drop(self, path: Path) -> None:
        """Take a file or folder out of the run's folder, if it is there.

        Raises:
            SupersededError: a later attempt has begun.
        """
        with suppress(FileNotFoundError):
            self._receive(path)
        self.check()

    def write_json(self, name: str, value: Any) -> None:
        """Write a whole file. Where the disk takes no more, it is written in the room of what this
        attempt wrote there before.

        Raises:
            SupersededError: a later attempt has begun.
            OSError: there is no room, and nothing was written before.
        """
        prepared = self._outbox / name
        try:
            write_json(prepared, value)
            kept = FileIO(prepared, "r+")
        except OSError:
            self.check()
            if name not in self._notes:
                raise
            _overwrite(self._notes[name], orjson.dumps(value) + b"\n")
            return
        if name in self._notes:
            self._notes.pop(name).close()
        self._notes[name] = kept
        self.put(prepared, self.run / name)

    def take_records(self, lengths: Mapping[str, int]) -> None:
        """Put copies of the records, each of so many bytes, in their place, and keep them open.

        Raises:
            SupersededError: a later attempt has begun.
        """
        for name, length in lengths.items():
            copy = self.prepare(name)
            with copy.open("wb") as new:
                if length:
                    with (self.run / name).open("rb") as old:
                        _copy(old, new, length)
                new.flush()
                os.fsync(new.fileno())
            self._records[name] = FileIO(copy, "a")  # before it has a name that others may take
            self.put(copy, self.run / name)

    def append(self, name: str, line: Mapping[str, Any]) -> None:
        """Append one JSON line to a record."""
        rest = json_line(line)
        while rest:
            rest = rest[self._records[name].write(rest) :]

    def record_lengths(self) -> dict[str, int]:
        """Bytes that each record holds, all of them on disk."""
        for record in self._records.values():
            os.fsync(record.fileno())
        return {name: os.fstat(r.fileno()).st_size for name, r in self._records.items()}

    def close(self) -> None:
        """Let go of the record files. The outbox stays, and with it who wrote last."""
        for file in (*self._records.values(), *self._notes.values()):
            file.close()

    def _take(self, outbox: Path) -> None:
        """Empty an earlier attempt's outbox and remove it. Each thing in it is moved away whole:
        deleted in place, half of a checkpoint might still be put."""
        while True:
            try:
                for path in list(outbox.iterdir()):
                    with suppress(FileNotFoundError):  # it was put in its place a moment ago
                        self._receive(path)
                outbox.rmdir()
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise

    def _receive(self, path: Path) -> None:
        """Move something into this attempt's outbox and delete it there."""
        mine = self._outbox / f".dropped-{uuid4().hex}"
        path.rename(mine)
        if mine.is_dir():
            shutil.rmtree(mine, ignore_errors=True)  # or a later attempt does
        else:
            mine.unlink(missing_ok=True)


def _claim(run: Path, token: str, about: Mapping[str, Any]) -> int:
    """A number that no other attempt has or will have."""
    folder = run / ATTEMPTS
    folder.mkdir(exist_ok=True)
    mine = Path(tempfile.mkdtemp(prefix=".claim-", dir=folder))
    mine.chmod(0o755)
    (mine / OUTBOX).mkdir()
    write_json(mine / ATTEMPT, {**about, "token": token})
    number = 0
    while True:
        number = max(number, *attempt_numbers(run), 0) + 1  # a listing may be behind the times
        claimed = folder / str(number)
        try:
            mine.rename(claimed)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue
            if error.errno != errno.ENOENT or _token(claimed) != token:  # a repeated request
                raise
        sync(folder)
        return number


def _token(attempt: Path) -> Any:
    with suppress(OSError, ValueError):
        return read_json(attempt / ATTEMPT).get("token")
    return None


def _copy(old: Any, new: Any, length: int) -> None:
    left = length
    while left:
        block = old.read(min(left, 1 << 20))
        if not block:
            raise RunError(f"{old.name} is shorter than its checkpoint says.")
        new.write(block)
        left -= len(block)


def _overwrite(file: FileIO, text: bytes) -> None:
    file.seek(0)
    file.write(text)
    file.truncate()
