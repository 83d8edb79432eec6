"""Equations of word problems, worked step by step in exact numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

PLACES = 4
"""Decimal places that a number may need to be written out; ``1/3`` has no end."""
_APPLY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def written(number: Fraction) -> str:
    """The number in decimal digits, as short as it is.

    Raises:
        ValueError: it needs more than ``PLACES`` places.
    """
    scaled = number * 10**PLACES
    if scaled.denominator != 1:
        raise ValueError(f"{float(number)} has no end within {PLACES} decimal places")
    whole, part = divmod(abs(scaled.numerator), 10**PLACES)
    digits = f"{whole}.{part:0{PLACES}}".rstrip("0").rstrip(".")
    return f"-{digits}" if number < 0 else digits


def worked(equation: str, numbers: Sequence[Fraction]) -> tuple[str, Fraction]:
    """The lines of a calculation (``3 * 4 = 12``), and what comes out.

    Args:
        equation: its parts with a space between them, each sign before its two operands:
            ``- number0 number1``.
        numbers: what ``number0``, ``number1``, … stand for.

    Raises:
        ValueError: it is no such equation, or a step cannot be written out.
    """
    parts = iter(equation.split())
    lines: list[str] = []
    result = _value(parts, numbers, lines)
    if next(parts, None) is not None:
        raise ValueError("something is left behind it")
    return "\n".join(lines), result


def _value(parts: Iterator[str], numbers: Sequence[Fraction], lines: list[str]) -> Fraction:
    part = next(parts, "")
    if part not in _APPLY:
        return _number(part, numbers)
    left, right = _value(parts, numbers, lines), _value(parts, numbers, lines)
    return _step(part, left, right, lines)


def _step(sign: str, left: Fraction, right: Fraction, lines: list[str]) -> Fraction:
    if sign == "/" and right == 0:
        raise ValueError(f"no calculation: {left} {sign} {right}")
    result: Fraction = _APPLY[sign](left, right)
    lines.append(f"{written(left)} {sign} {written(right)} = {written(result)}")
    return result


def _number(part: str, numbers: Sequence[Fraction]) -> Fraction:
    if part.startswith("number") and part[6:].isdecimal() and int(part[6:]) < len(numbers):
        return numbers[int(part[6:])]
    return Fraction(part)
