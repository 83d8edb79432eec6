r"""Numbers as people write them, in one way: ``1.2e5`` as ``120000``, ``0.1\overline{6}`` as a
fraction, ``2 1/2`` as a mixed number. Pure functions of short texts."""

from __future__ import annotations

import re

_REPEATING = re.compile(
    r"(?<![\d.])(\d{0,9})\.(?:(\d{0,9})\\(?:overline|bar|dot)\s*(?:\{\s*(\d{1,9})\s*\}|(\d))"
    r"|\((\d{1,9})\)(?!\d))"
)
_GOES_ON = re.compile(
    r"(?<![\d.])(\d{0,9})\.(\d{0,9}?)(?:(\d)\3+|(\d{2,6})\4+)\s*(?:\.{3}|\\[lcd]?dots(?![a-z]))"
)
"""``0.1666...``: the figures before the dots stand there twice at least."""
_IMAGINARY = re.compile(r"(?<=\d)i(?![a-zA-Z])")
_MIXED = re.compile(r"(?<![\w.,^}/])(\d+) (\d+)/(\d+)(?![\w.^!])")
_OF_DEGREES = re.compile(
    r"(\\(?:sin|cos|tan|cot|sec|csc)\s*(?:\^\{?\d\}?)?\s*)(?:\\left)?(?:([({])\s*)?"
    r"(\d+)\s*\^\s*(?:\\circ|\{\s*\\circ\s*\})(?(2)\s*(?:\\right)?[)}])"
)
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALED = re.compile(
    rf"(?<=\d)\s*(?:\\(?:text|mathrm)\{{\s*)?"
    rf"({'|'.join(_SCALES)})s?\b([^{{}}]*\}})?"
)
_SCIENTIFIC = re.compile(
    r"(-?\d+)(?:\.(\d+))?(?:[eE]\+?(-?\d{1,3})"
    r"|\s*(?:\\times|\\cdot|\*|[xX])\s*10\s*\^\s*(?:(\d)|\{\s*(-?\d{1,3})\s*\}))"
)


def plain(text: str) -> str:
    """The text with every number in its one way."""
    text = _GOES_ON.sub(_as_fraction, _REPEATING.sub(_as_fraction, text))
    text = _MIXED.sub(r"\1\\frac{\2}{\3}", _IMAGINARY.sub(" i", text))
    text = _OF_DEGREES.sub(r"\1(\\frac{\3\\pi}{180})", _SCALED.sub(_power_of_ten, text))
    return _written_out(scientific) if (scientific := _SCIENTIFIC.fullmatch(text)) else text


def _as_fraction(match: re.Match[str]) -> str:
    r"""``0.1\overline{6}`` and ``0.166...`` as ``\frac{15}{90}``."""
    whole, fixed, repeats = match[1], match[2] or "", next(filter(None, match.groups()[2:]))
    above = int(whole + fixed + repeats) - int(whole + fixed or "0")
    return rf"\frac{{{above}}}{{{'9' * len(repeats)}{'0' * len(fixed)}}}"


def _power_of_ten(match: re.Match[str]) -> str:
    unit = (match[2] or "").strip("} ")
    return rf" \times 10^{{{_SCALES[match[1]]}}}" + (rf"\text{{ {unit}}}" if unit else "")


def _written_out(match: re.Match[str]) -> str:
    r"""``6.02 \times 10^{4}`` and ``6.02e4`` as ``60200``; math-verify rounds decimals."""
    places = match[2] or ""
    power = int(match[3] or match[4] or match[5]) - len(places)
    digits = int(match[1] + places)
    return str(digits * 10**power) if power >= 0 else rf"\frac{{{digits}}}{{{10**-power}}}"
