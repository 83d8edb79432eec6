r"""Units that differ: ``10\text{ m}`` is no ``10\text{ cm}``, and ``0.1\text{ m}`` is.

Only where both sides name a unit that stands here; any other unit, or none, says nothing.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

_UNITS: tuple[tuple[str, str, str], ...] = (
    ("length", "mm millimeter millimetre", "1"),
    ("length", "cm centimeter centimetre", "10"),
    ("length", "m meter metre", "1000"),
    ("length", "km kilometer kilometre", "1000000"),
    ("length", "in inch inche", "25.4"),
    ("length", "ft foot feet", "304.8"),
    ("length", "yd yard", "914.4"),
    ("length", "mi mile", "1609344"),
    ("time", "s sec second", "1"),
    ("time", "min minute", "60"),
    ("time", "h hr hour", "3600"),
    ("time", "day", "86400"),
    ("time", "week", "604800"),
    ("months", "month", "1"),
    ("months", "year", "12"),
    ("mass", "mg milligram", "1"),
    ("mass", "g gram", "1000"),
    ("mass", "kg kilogram", "1000000"),
    ("volume", "ml milliliter millilitre", "1"),
    ("volume", "l liter litre", "1000"),
    ("money", "cent", "1"),
    ("money", "dollar", "100"),
    ("euros", "euro", "1"),
    ("degrees", "degree deg", "1"),
    ("radians", "radian rad", "1"),
)
_NAMED = {name: (kind, Fraction(size)) for kind, names, size in _UNITS for name in names.split()}
_SYMBOLS = {r"\$": "dollar", "€": "euro", "¢": "cent", "%": "percent"}
_SYMBOL = re.compile(r"\A[-\s$({]*(?:\\text\{\s*)?(\\\$|€)|([€¢%])[\s$)}]*\.?[\s$]*\Z")
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?\s*\Z")
_WORD = r"(?P<{0}_by>(?:square|sq\.?|cubic|cu\.?)\s+)?(?P<{0}>[a-zA-Z]+)\.?"
_UNIT = re.compile(
    r"(?:(?<=[\d})\]])|(?<=\\pi))\s*"
    rf"(?:\\(?:text|mathrm)\s*\{{[\s(]*{_WORD.format('text')}[\s)]*(?:\^\{{?(?P<within>[23])\}}?)?\s*\}}"
    rf"|(?![a-zA-Z](?![a-zA-Z])){_WORD.format('word')})"
    r"\s*(?:\^\s*\{?(?P<power>[23])\}?)?\s*\Z"
)
_DIMENSIONS = {"s": 2, "c": 3}


class Measure(NamedTuple):
    """Of what kind, to which power, and how large in that kind's smallest unit."""

    kind: str
    power: int
    size: Fraction


def measure(written: str, tidy: str) -> Measure | None:
    r"""The unit of an answer, as it was ``written`` and ``tidy``, where its ``\$`` is lost."""
    if symbol := _SYMBOL.search(written.strip()):
        return _of(_SYMBOLS[symbol[1] or symbol[2]], 1)
    if _DEGREES.search(tidy):
        return _of("degree", 1)
    if not (unit := _UNIT.search(tidy)):
        return None
    by = unit["text_by"] or unit["word_by"]
    return _of(
        unit["text"] or unit["word"],
        _DIMENSIONS[by[0].lower()] if by else int(unit["within"] or unit["power"] or 1),
    )


def _of(name: str, power: int) -> Measure | None:
    if name == "percent":
        return Measure(name, 1, Fraction(1))
    for spelling in (name, name.lower(), name.lower().removesuffix("s")):
        if spelling in _NAMED:
            kind, size = _NAMED[spelling]
            return Measure(kind, power, size**power)
    return None


def ratio(gold: Measure | None, answer: Measure | None) -> Fraction | None:
    """How many of the gold answer's units are one of the other's; 1 where either has none that is
    known, and None where the two measure different things."""
    if gold is None or answer is None:
        return Fraction(1)
    if (gold.kind, gold.power) != (answer.kind, answer.power):
        return None
    return answer.size / gold.size
