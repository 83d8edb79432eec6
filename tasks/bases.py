r"""Numbers with a base: ``52_8``, ``42_{10} = 52_8``. Pure functions of tidy texts."""

from __future__ import annotations

import re
from fractions import Fraction

from srpo_bench.tasks.latex import APPROXIMATELY, number

_WITH_BASE = re.compile(r"\(?([0-9A-Z]+)\)?_\{?(\d{1,2}|\\text\{[a-z]+\})\}?\)?")
_NUMBER = re.compile(rf"(?=\(?[A-Z]*\d)(?:{_WITH_BASE.pattern})")
_NAME = re.compile(r"[a-zA-Z](?:_\{?\w{1,4}\}?)?")


def same(gold: str, answer: str) -> bool | None:
    """Whether numbers with a base are the same; None where it is no matter of bases."""
    exact, *rounded = (side.strip() for side in APPROXIMATELY.split(answer))
    sides = equated(exact)
    if sides and rounded:
        return False
    if sides:
        worth = {_worth(side) for side in sides}
        agree = len(worth) == 1 and None not in worth
        return agree and any(side == gold or same(gold, side) for side in sides)
    wanted, given = _WITH_BASE.fullmatch(gold), _WITH_BASE.fullmatch(exact)
    if given is None and wanted and "_" in answer:
        return False
    if given is None or not given[2].isdecimal() or (wanted and not wanted[2].isdecimal()):
        return None
    digits, base = (wanted[1], wanted[2]) if wanted else (gold, "10")
    return (given[1].lstrip("0"), given[2]) == (digits.lstrip("0"), base) and all(
        _near(_worth(exact), number(text)) for text in rounded
    )


def equated(text: str) -> list[str]:
    """The sides of ``x = 42_{10} = 52_8`` without the name; none where no side has a base."""
    sides = [side.strip() for side in text.split("=")]
    if _NAME.fullmatch(sides[0]):
        del sides[0]
    return sides if "=" in text and any(map(_NUMBER.fullmatch, sides)) else []


def _worth(side: str) -> Fraction | None:
    if (match := _WITH_BASE.fullmatch(side)) is None:
        return number(side)
    try:
        return Fraction(int(match[1], int(match[2])))
    except ValueError:  # no such digits, or a base in words
        return None


def _near(exact: Fraction | None, rounded: Fraction | None) -> bool:
    return exact is not None and rounded is not None and abs(exact - rounded) <= abs(exact) / 10
