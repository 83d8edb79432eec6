"""The number that an answer states, read as a person reads it, and compared by value."""

from __future__ import annotations

import re
from collections import deque
from fractions import Fraction

from srpo_bench.tasks.grading import last_boxed

_AS_ASCII = str.maketrans("０１２３４５６７８９．，−–﹣－\u00a0\u2009\u202f", "0123456789.,----   ")
_LATEX_COMMA = re.compile(r"(?<=[0-9])(?:\{,\}|\\[,!])(?=[0-9])")
_CURRENCY = "$€£¥₹"
_NUMBER = re.compile(
    rf"(-?)[{_CURRENCY}]?(-?)([0-9][0-9.,]*|\.[0-9][0-9.,]*)"
    r"(?:[eE]([+-]?[0-9]+))?(?:/([0-9]+))?"
)
_DIGITS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_SPACED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?: [0-9]{3})+(?![0-9.,]*[0-9])")
_PREFIX = re.compile(rf"[\s*_`\\({{\[~≈:={_CURRENCY}]*+(?=-?\s?\\?[{_CURRENCY}]?-?[0-9.])")
_ANOTHER = re.compile(
    r"\s*+(?:(?:[-+*/x×÷^&;|,=]|and\b|to\b)\s*+)?[$(\\]*+-?\.?[0-9]|.*\bor\b", re.DOTALL
)
_LONGEST = 60
"""Characters of a number; nobody states a longer one."""


def stated(response: str) -> str | None:
    """The text of the number that ``response`` gives as its answer; None if there is none.

    Behind the last ``####`` it is the number that stands first, as long as nothing goes on
    from it (``17 18``, ``17 or 18``, ``17 + 1``), else the last of that line. Without ``####`` it
    is the last number of the last box, else of the whole response.
    """
    text = _LATEX_COMMA.sub(",", response.translate(_AS_ASCII))
    _, mark, behind = text.rpartition("####")
    place = behind.lstrip().partition("\n")[0] if mark else last_boxed(text) or ""
    place = _SPACED.sub(lambda match: match[0].replace(" ", ","), place)
    return _first(place) or _last(place) or _last(text)


def value(number: str) -> Fraction | None:
    """What the text of a number is worth; None where it is not one, such as ``1,8``."""
    match = _NUMBER.fullmatch(number.translate(_AS_ASCII))
    if match is None or len(number) > _LONGEST:
        return None
    sign, inner, digits, exponent, divisor = match.groups()
    digits = digits.rstrip(".,")
    power, below = int(exponent or 0), int(divisor or 1)
    if not _DIGITS.fullmatch(digits) or abs(power) > _LONGEST or not below:
        return None
    size = Fraction(digits.replace(",", "")) * Fraction(10) ** power / below
    return -size if sign or inner else size


def same(number: str | None, gold: str) -> bool:
    """Whether two texts state the same number."""
    worth = value(number) if number is not None else None
    return worth is not None and worth == value(gold)


def _first(place: str) -> str | None:
    """The number that ``place`` begins with; of a worked line, what stands behind its last ``=``.

    Where another follows, both are given as one text, which is worth nothing.
    """
    prefix = _PREFIX.match(place)
    if prefix is None:
        return None
    start = place[prefix.end() :].replace("- ", "-", 1).replace("\\", "", 1)
    match = _NUMBER.match(start)
    if match is None:
        return None
    if not _ANOTHER.match(start, match.end()):
        return match[0]
    worked = start.rpartition("=")[2]
    return _first(worked) if worked != start else start[:_LONGEST]


def _last(text: str) -> str | None:
    return next((match[0] for match in deque(_NUMBER.finditer(text), maxlen=1)), None)
