r"""What stands around a number and is not part of it: currency before it, a unit after it."""

from __future__ import annotations

import re

_WORD = r"(?:[a-zA-Z]{3,}|[ckdm]m|in|ft|yd|mi|[km]g|lb|oz|m[lL]|hr|sq|cu|[mgshLu])\.?"
_POWER = r"(?:\^\{?(?:[23]|-[123])\}?)?"
_UNITS = rf"{_WORD}{_POWER}(?:(?:\s*/\s*|\s+|\s*\\cdot\s*){_WORD}{_POWER}){{0,4}}"
_AS_TEXT = rf"\\(?:text|mathrm)\s*\{{\s*\(?\s*{_UNITS}\s*\)?\s*\}}{_POWER}"
_NUMBER_ENDS = r"(?:(?<=[\d}\])])|(?<=\\pi)|(?<=\\circ))"
_BEHIND = re.compile(
    rf"{_NUMBER_ENDS}(?:\s*\(?(?:{_AS_TEXT}(?:\s*(?:/|\\cdot)?\s*{_AS_TEXT})?"
    rf"|\\frac\{{\s*{_AS_TEXT}\s*\}}\{{\s*{_AS_TEXT}\s*\}})"
    rf"|\s+\(?{_UNITS})\)?\s*\Z"
)
_WORDS_BEHIND = re.compile(
    r"(?<=\S)\s*\\text\s*\{(?=[^{}]*(?:[a-zA-Z]{3}|\b[ckdm]m\b|\b[km]g\b|\bft\b))"
    r"(?:[a-zA-Z\s.,'()/-]|\d-digit)*\}" + _POWER + r"\s*\Z"
)
_ATTACHED = re.compile(
    r"(?<=\d)(?=(?:[ckdm]m|[km]g|mph|ft|lbs?|oz|m[lL]|min|sec|hrs?)(?![a-zA-Z]))"
)
_IN_TEXT = re.compile(r"\A\\text\{\s*(-?[\d.,]+)\s*([a-zA-Z ./]*)\}")
_DEGREES = re.compile(
    r"(?<=[\d})])\s*\^\s*(?:\\circ|\{\s*\\circ\s*\})\s*"
    r"(?:[CFK]|\\(?:text|mathrm)\{\s*[CFK]\s*\})?\s*\Z"
)
_MONEY = re.compile(r"\A(?:\\text\{\s*)?(?:Rs\.?|USD|US|EUR|GBP|INR)\s*\}?\s*(?=[-\d\\])")


def without(text: str) -> str:
    r"""``10\text{ cm}^2``, ``10 km/h``, ``10^\circ`` and ``Rs. 10`` as ``10``; other text as it is.

    A letter that is not set as text needs a space before it: ``10m`` is a product.
    """
    text = _IN_TEXT.sub(r"\1\\text{\2}", _MONEY.sub("", text))
    text = _ATTACHED.sub(" ", text)
    return _DEGREES.sub("", without_words(_BEHIND.sub("", text)))


def without_words(text: str) -> str:
    r"""``\frac{1}{2} \text{ of the total}`` as ``\frac{1}{2}``."""
    return _WORDS_BEHIND.sub("", text).strip()
