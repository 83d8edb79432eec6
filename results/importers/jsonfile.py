"""One JSON object in a file, member by member: only one value at a time is held."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from srpo_bench.results.importers.lines import LONGEST, known
from srpo_bench.results.store import ResultsError

SPACE = " \t\r\n"
DECODER = json.JSONDecoder()


def members(path: Path, inside: str) -> Iterator[tuple[str, Any, int]]:
    """(name, value, number) of the members of the object in a file; the list under ``inside`` one
    entry at a time, numbered from 1 (an empty list is one entry None).

    Raises:
        ResultsError: not a JSON object, cut off, or a value longer than ``LONGEST``.
    """
    try:
        with path.open("rb") as f:
            yield from _members(_Text(path, f), inside)
    except OSError as error:
        raise ResultsError(f"Cannot read {path}: {error.strerror}.") from error


def _members(text: _Text, inside: str) -> Iterator[tuple[str, Any, int]]:
    if text.next() != "{":
        raise ResultsError(f"{text.path} holds no JSON object.")
    mark = text.next(peek=True)
    while mark != "}":
        name = text.value()
        if not isinstance(name, str) or text.next() != ":":
            raise text.wrong("a member needs a name and a colon")
        if name == inside and text.next(peek=True) == "[":
            yield from ((name, value, number) for number, value in enumerate(_entries(text), 1))
        else:
            yield name, text.value(), 1
        mark = text.next()
        if mark not in (",", "}"):
            raise text.wrong(f"'{mark}' where a comma or the end should be")


def _entries(text: _Text) -> Iterator[Any]:
    text.next()
    if text.next(peek=True) == "]":
        text.next()
        yield None
        return
    mark = ","
    while mark == ",":
        yield text.value()
        mark = text.next()
    if mark != "]":
        raise text.wrong(f"'{mark}' where a comma or the end of the list should be")


class _Text:
    """A file's text from where it was read to."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self._file, self._text, self._at = path, file, "", 0
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()

    def next(self, peek: bool = False) -> str:
        """The next character that is not space."""
        while True:
            if self._at == len(self._text):
                self._more()
            elif self._text[self._at] in SPACE:
                self._at += 1
            else:
                break
        mark = self._text[self._at]
        self._at += not peek
        return mark

    def value(self) -> Any:
        """The next JSON value."""
        self.next(peek=True)
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                held = len(self._text) - self._at
                if held > LONGEST or isinstance(error, RecursionError):
                    raise self.wrong("a value that is no JSON, or far too long") from error
            else:
                if end < len(self._text):  # else a number may go on
                    self._at = end
                    return value
            self._more()

    def wrong(self, why: str) -> ResultsError:
        """An error here."""
        return ResultsError(f"{self.path} is no JSON: {why}, near {self._text[self._at :][:40]!r}.")

    def _more(self) -> None:
        block = self._file.read(1 << 16)
        if not block:
            fault = "is empty" if not self._file.tell() else "ends in the middle: it was cut off"
            raise ResultsError(f"{self.path} {fault}.")
        try:
            self._text = self._text[self._at :] + self._decode.decode(block)
            self._at = 0
        except UnicodeDecodeError as error:
            raise ResultsError(f"{self.path} {known(block) or 'is not UTF-8 text'}.") from error
