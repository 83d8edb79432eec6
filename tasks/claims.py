r"""What an answer says one after the other: ``\frac12 \text{ or } 0.5`` says one value twice."""

from __future__ import annotations

import re

from srpo_bench.tasks import bases, latex
from srpo_bench.tasks.readings import MAX_ANSWER
from srpo_bench.tasks.relations import BRACED, OR_WORD

_MARK = re.compile(r"=|\bor\b")
_EITHER_WAY = re.compile(OR_WORD)
_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_NO_NAME = re.compile(
    r"\\text\s*\{[^{}]*\}(?!\s*(?:\\left)?\()|\\(?:begin|end)\{[a-z]+\}|(?<![a-zA-Z\\])[ei](?![a-zA-Z])"
    r"|\\(?:frac|sqrt|binom|pi|infty|cdot|times|div|circ|left|right|log|ln|exp|sin|cos|tan)(?![a-zA-Z])"
)
_VALUE = re.compile(r"\d|\\(?:pi|infty)(?![a-zA-Z])")
_NAME = re.compile(r"\\?[a-zA-Z]+(?:_\{?\w+\}?)?(?:\s*\([^()]*\))?")
"""What an equation may name on its right as well as on its left: ``5 = x``, ``5 = f(2)``."""
_MOST_CLAIMS = 4
"""Each costs a comparison."""
_SEVERAL = re.compile(r";|\\(?:pm|mp)(?![a-zA-Z])|\b(?:and|or)\b")
_NO_VALUE = re.compile(r"[=<>]|\\(?:cup|[lg]eq?|neq?)(?![a-zA-Z])")
_ELEMENT = re.compile(r",(?!\d{3}(?!\d))")


def said(gold: str, answer: str) -> list[str]:
    r"""What an answer says one after the other, of which each must be right, where one value is
    asked for: ``\frac12 \text{ or } 0.5``, ``x = \frac12 = 50\%``."""
    if len(answer) > MAX_ANSWER or not _MARK.search(answer):
        return [answer]
    if _NO_VALUE.search(gold) or several(gold):
        return [answer]
    claims = []
    for way in _apart(_EITHER_WAY, latex.tidy(answer)):
        sides = [way] if bases.equated(way) else _apart(_EQUALS, way)
        if len(sides) > 1 and _NAME.fullmatch(sides[-1]) and _has_name(sides[-1]):
            sides = [sides[-1], *sides[:-1]]
            way = " = ".join(sides)
        while len(sides) > 1 and (_has_name(sides[0]) or not _VALUE.search(sides[0])):
            del sides[0]
        claims += [way] if len(sides) == 1 or any(map(_has_name, sides)) else sides
    return claims if len(claims) <= _MOST_CLAIMS else [answer]


def several(gold: str) -> bool:
    """Whether several values are asked for."""
    gold = latex.tidy(gold)
    braced = BRACED.match(gold)
    elements = _apart(_ELEMENT, braced[1] if braced else gold)
    return len(elements) > 1 or _SEVERAL.search(gold) is not None


def _has_name(side: str) -> bool:
    return re.search("[a-zA-Z]", _NO_NAME.sub("", side)) is not None


def _apart(mark: re.Pattern[str], text: str) -> list[str]:
    """The parts of ``text`` between marks outside of brackets; all of it where one is empty."""
    parts, start = [], 0
    for cut in mark.finditer(text):
        before = text[: cut.start()]
        if sum(map(before.count, "([{")) == sum(map(before.count, ")]}")):
            parts.append(text[start : cut.start()].strip())
            start = cut.end()
    parts.append(text[start:].strip())
    return parts if all(parts) else [text]
