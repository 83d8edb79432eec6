"""What a trainer printed: lines of metrics among all the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from srpo_bench.results.importers.lines import TORN, Lines
from srpo_bench.results.importers.record import Notes

OTHER = "other lines of the console"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(
    r"(?:[\w.]+\()?([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf))\)?"
)
"""``0.5``, and numpy's ``np.float64(0.5)``."""


def is_json(path: Path) -> bool:
    """Does the file's first line that is not blank begin with a brace?"""
    first = next((line for line in Lines(path) if line.strip()), "")
    return first.lstrip().startswith("{")


def matches(
    lines: Lines, patterns: Sequence[re.Pattern[str]], notes: Notes
) -> Iterator[re.Match[str]]:
    """Lines of metrics, colours taken away. Others are counted, so is one that was cut off."""
    for text in lines:
        plain = COLOUR.sub("", text).rstrip()
        match = next((m for p in patterns if (m := p.search(plain))), None)
        if match is None:
            notes.skipped[OTHER] += 1
        elif not lines.whole:
            notes.skipped[TORN] += 1
        else:
            yield match


def plain(text: str) -> float | str:
    """The number a piece of text is; the text itself if it is not one, as where another process
    printed into it: an evaluation that is lost so is no training step."""
    match = NUMBER.fullmatch(text.strip())
    return float(match[1]) if match else text
