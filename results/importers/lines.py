"""A text file line by line, whatever it really is: bounded memory, and a sentence for what is not
text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srpo_bench.results.store import ResultsError

LONGEST = 1 << 20
"""Bytes of a line; a longer one is no log line."""
TORN = "torn last line (no line end)"
BLANK = "blank lines"
PARQUET = "is a Parquet table; save it as CSV (pandas: read_parquet, then to_csv with index=False)"
MAGIC = {
    b"PAR1": PARQUET,
    b":W&B": "is W&B's own file of a run; name its project, or a chart exported as CSV",
    b"SQLite format 3": "is a data base; export its metrics as CSV",
    b"\x1f\x8b": "is compressed; unpack it first (gunzip)",
    b"PK\x03\x04": "is a zip or spreadsheet; save it as CSV",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
}


class Lines:
    """Iterates over lines, line ends kept. ``last`` is the last one, ``number`` its number from 1,
    ``whole`` whether it has a line end."""

    def __init__(self, path: Path) -> None:
        self.path, self.number, self.last, self.whole = path, 0, "", True

    def __iter__(self) -> Iterator[str]:
        try:
            with self.path.open("rb") as f:
                while line := f.readline(LONGEST + 1):
                    self.number += 1
                    self.last = self._text(line)
                    yield self.last
        except IsADirectoryError as error:
            raise ResultsError(
                f"{self.path} is a folder; name a file of one evaluation a row. (MLflow's runs: "
                "export their metric histories as CSV.)"
            ) from error
        except OSError as error:
            raise ResultsError(f"Cannot read {self.path}: {error.strerror}.") from error
        if not self.number:
            raise ResultsError(f"{self.path} is empty.")

    def wrong(self, why: object) -> ResultsError:
        """An error at the last line."""
        return ResultsError(f"{self.path}, line {self.number}: {why}.")

    def _text(self, line: bytes) -> str:
        if self.number == 1:
            if why := known(line):
                raise ResultsError(f"{self.path} {why}.")
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) > LONGEST:
            raise self.wrong(f"longer than {LONGEST} bytes, so this is no log of lines")
        self.whole = line.endswith(b"\n")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.wrong(f"not UTF-8 text (byte {error.start + 1}){BINARY}") from error
        if "\0" in text:
            raise self.wrong(f"binary, not text{BINARY}")
        return text


def known(start: bytes) -> str:
    """What a file is that begins so, and what to do with it; empty where it may be text."""
    return next((why for magic, why in MAGIC.items() if start.startswith(magic)), "")


BINARY = "; event files are read with --from tensorboard"
