"""Extraction from responses, and the scores that every benchmark shares. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BARE_BOX = re.compile(r"\\boxed\s+([^\s${}\\]+)")
_MOST_BOXES = 8
_BESIDE = re.compile(
    r"(?:[\s$,;]|\\[()\[\]]|\\q?quad(?![a-zA-Z])|\\text\s*\{[\s,]*(?:and|or)?\s*\}|\b(?:and|or)\b"
    r"|[a-zA-Z](?:_\{?\d\}?)?\s*=)*"
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SHARED_SCRIPTS = frozenset({"GREEK", "MATHEMATICAL", "MODIFIER", "DOUBLE-STRUCK", "SCRIPT"})
"""Letters that mathematics uses in every language."""


def last_boxed(text: str) -> str | None:
    r"""The content of the last complete ``\boxed{...}``, braces balanced; else of the last
    ``\boxed 3``, which MATH's own grader reads too; None if there is neither, or where a later box
    that is cut off begins with another answer."""
    starts = [match.end() for match in _BOX.finditer(text)][-_MOST_BOXES:]
    for start in reversed(starts):
        if (end := _end(text, start)) is not None:
            content, later = text[start:end].strip(), text[starts[-1] :].strip()
            same = start == starts[-1] or _says_no_other(later, content)
            return content if same else None
    bare: list[str] = _BARE_BOX.findall(text)
    return bare[-1].rstrip(".,;:!") if bare else None


def boxed_together(text: str) -> str | None:
    r"""The last boxes that stand side by side, as one list: ``\boxed{1}`` and ``\boxed{2}`` is
    ``1, 2``; else ``last_boxed``."""
    contents: list[str] = []
    place = len(text)
    for box in reversed(list(_BOX.finditer(text))[-_MOST_BOXES:]):
        end = _end(text, box.end())
        if end is None or (contents and not _BESIDE.fullmatch(text, end + 1, place)):
            break
        contents.append(text[box.end() : end].strip())
        place = box.start()
    return ", ".join(reversed(contents)) if len(contents) > 1 else last_boxed(text)


def _end(text: str, start: int) -> int | None:
    """Where the box whose content begins at ``start`` is closed."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None


def _says_no_other(last: str, content: str) -> bool:
    """Whether the ``last`` box, which is cut off, says the same as far as it goes."""
    more = last.removeprefix(content)
    return content.startswith(last) or (more != last and not more[:1].isalnum())


def language(response: str) -> float:
    """The share of letters in the response's main script: 1.0 when it keeps to one language."""
    if response.isascii():
        return 1.0
    scripts: Counter[str] = Counter()
    for letter, count in Counter(response).items():
        if letter.isalpha():
            scripts[unicodedata.name(letter, "?").split()[0]] += count
    counts = [count for script, count in scripts.items() if script not in _SHARED_SCRIPTS]
    return max(counts) / sum(counts) if counts else 1.0
