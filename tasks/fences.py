"""Fenced code blocks of a chat answer, as people and models really write them.

The rules are CommonMark's (a closer has the opener's character, at least its length, at most three
more columns of indent, and no tag), and beyond them what keeps an honest answer readable: an opener
behind a list marker, code on the opener's own line, a closer at the end of a line of code, and an
opener that comes before the last block was closed. Every line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_FENCE = re.compile(
    r"(?P<indent>[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)"
)
_CODE = re.compile(r"(?:def|class|async def|import|from|@)(?=\W*\w)")
_TAG = re.compile(r"[\w+#.{}-]*")
_QUOTES = re.compile(r'"""|\'\'\'')
_MOST_INDENT = 3
"""Columns that a closer may stand further in than its opener."""


@dataclass(frozen=True)
class Fence:
    """One fence line."""

    indent: int
    mark: str
    tag: str
    code: str
    """Code that stands behind the tag, on the same line."""
    prose: bool
    """More words than a tag has."""

    @staticmethod
    def of(line: str) -> Fence | None:
        """The fence that ``line`` is, if it is one."""
        fence = _FENCE.fullmatch(line)
        if fence is None or (fence["mark"][0] == "`" and "`" in fence["info"]):
            return None
        indent, info = len(fence["indent"].expandtabs(4)), fence["info"].strip()
        tag = "" if _CODE.match(info) else _TAG.match(info)[0]  # type: ignore[index]
        rest = info[len(tag) :].strip()
        code = rest if _CODE.match(rest) else ""
        return Fence(indent, fence["mark"], tag, code, prose=bool(rest) and not code)

    def may_close(self, opener: Fence, quote: str) -> bool:
        """Whether it stands where ``opener``'s closer stands; ``quote`` as ``open_quote`` has it.
        Within a string, which may hold fences of its own, no further in than the opener."""
        return (
            self.mark[0] == opener.mark[0]
            and len(self.mark) >= len(opener.mark)
            and self.indent <= opener.indent + (0 if quote else _MOST_INDENT)
        )


@dataclass(frozen=True)
class Block:
    """What stands between two fences; ``tag`` is the language as written, in lower case."""

    tag: str
    code: str
    further_in: bool = False
    """Whether all of it stood further in than its fence."""
    closed: bool = True

    @property
    def is_python(self) -> bool:
        """Whether it says that it is Python."""
        return self.tag.strip("{}.") in ("python", "py", "python3", "python2")


def open_quote(line: str, quote: str) -> str:
    """The triple quote that is open after ``line``, or ""; ``quote`` is that before it."""
    for mark in _QUOTES.findall(line):
        quote = "" if quote == mark else quote or mark
    return quote


def blocks(text: str) -> Iterator[Block]:
    """All blocks, in order; one that is never closed ends with the text, and one that holds an
    answer with blocks of its own is that answer."""
    for block in _outermost(text):
        if Fence.of(block.code.lstrip("\n").partition("\n")[0]):
            yield from _outermost(block.code)
        else:
            yield block


def _ends_in(line: str, mark: str) -> bool:
    return line.count(mark) == 1 and line.rstrip().endswith(mark)


def _outermost(text: str) -> Iterator[Block]:
    opener: Fence | None = None
    lines: list[str] = []
    quote = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        fence = Fence.of(line)
        if opener is None:
            opener, lines, quote = fence, [fence.code] if fence and fence.code else [], ""
        elif fence is not None and fence.may_close(opener, quote):
            yield _block(opener, lines)
            opens = (fence.tag or fence.code) and not fence.prose
            opener, lines, quote = fence if opens else None, [fence.code] if fence.code else [], ""
        elif fence is None and _ends_in(line, opener.mark):
            yield _block(opener, [*lines, line.rstrip().removesuffix(opener.mark)])
            opener = None
        else:
            lines.append(line)
            quote = open_quote(line, quote)
    if opener is not None:
        yield replace(_block(opener, lines), closed=False)


def _block(opener: Fence, lines: list[str]) -> Block:
    lines = _outdented(lines, opener.indent)
    code = dedented(lines)
    return Block(opener.tag.lower(), code.removeprefix("\ufeff"), code != _joined(lines))


def _outdented(lines: list[str], indent: int) -> list[str]:
    """Without as much indent as their fence has, if the first of them has it."""
    first = next((line for line in lines if line.strip()), "")
    if first[:indent].strip():
        return lines
    return [line[min(indent, len(line) - len(line.lstrip())) :] for line in lines]


def dedented(lines: list[str]) -> str:
    """The lines as text, without the indent that all of them share."""
    filled = [line for line in lines if line.strip()]
    margin = min((line[: len(line) - len(line.lstrip())] for line in filled), key=len, default="")
    if margin and all(line.startswith(margin) for line in filled):
        return _joined([line.removeprefix(margin) for line in lines])
    return _joined(lines)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
