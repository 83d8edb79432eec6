"""What math-verify's comparison lets pass and is not the same; imported in its process only.

It compares to six decimal places, or to a difference of nearly zero, whatever the size of the
numbers, and of an equation it takes the last side, whatever the others say.
"""

from __future__ import annotations

from typing import Any

from sympy import Basic, Eq, Expr, FiniteSet, Float, I, Interval, Rational, Tuple, nan, oo, zoo
from sympy.core.relational import Relational
from sympy.logic.boolalg import And

_ROUNDED = 1e-5
"""For a decimal beside an exact number: as many places as math-verify wants."""
_DECIMALS = 1e-9
_EXACT = 1e-12
_DIGITS = 30
_FINITE = (Expr, FiniteSet, Tuple, Relational)


def with_imaginary_unit(parsed: Any) -> Any:
    """What math-verify read, with i as the imaginary unit; it reads a variable of that name."""
    if not isinstance(parsed, Basic):
        return parsed
    units = {symbol: I for symbol in parsed.free_symbols if str(symbol) == "i"}
    if units and isinstance(parsed, Interval):  # a pair after all
        parsed = Tuple(*parsed.args[:2])
    return parsed.xreplace(units) if units else parsed


def same(gold: Any, answer: Any) -> bool:
    """Whether two parsed answers that math-verify calls the same are also the same in this sense:
    numbers relative to their size, no variable more, an equation of numbers only where it is true.
    """
    if not isinstance(gold, Eq | And) and not _holds(answer):
        return False
    if isinstance(gold, _FINITE) and _beyond_numbers(answer) and not _beyond_numbers(gold):
        return False
    if isinstance(gold, Tuple | FiniteSet) and isinstance(answer, Tuple | FiniteSet):
        a_set = isinstance(gold, FiniteSet) or isinstance(answer, FiniteSet)
        sides = [_ordered(side) if a_set else side.args for side in (gold, answer)]
        return all(same(a, b) for a, b in zip(*sides, strict=False))
    if isinstance(gold, Interval) and isinstance(answer, Interval):
        return same(gold.start, answer.start) and same(gold.end, answer.end)
    kind = Expr if isinstance(gold, Expr) else Relational
    if isinstance(gold, kind) and isinstance(answer, kind):
        more = answer.free_symbols - gold.free_symbols
        return not more and (bool(gold.free_symbols) or kind is Relational or close(gold, answer))
    return True


def _beyond_numbers(parsed: Any) -> bool:
    """Whether anything in it is infinite or undefined: such equals whatever it is held against."""
    return isinstance(parsed, Basic) and parsed.has(oo, -oo, zoo, nan)


def close(a: Expr, b: Expr) -> bool:
    """Whether two numbers are the same relative to their size; exactly, where both are rational."""
    a, b = a.doit(), b.doit()
    if isinstance(a, Rational) and isinstance(b, Rational):
        return bool(a == b)
    tolerance = (_EXACT, _ROUNDED, _DECIMALS)[a.has(Float) + b.has(Float)]
    left, right = a.evalf(_DIGITS), b.evalf(_DIGITS)
    if _beyond_numbers(left) or _beyond_numbers(right):
        return bool(left == right != nan)
    try:
        return bool(abs(left - right) <= tolerance * max(abs(left), abs(right)))
    except TypeError:  # no number after all, such as a function that nobody knows
        return True


def about(exact: Any, rounded: Any) -> bool:
    """Whether each number of one is near the other's, to a tenth."""
    if isinstance(exact, Expr) and isinstance(rounded, Expr):
        if not (exact.is_number and rounded.is_number):
            return bool(exact == rounded)
        left, right = exact.evalf(_DIGITS), rounded.evalf(_DIGITS)
        return bool(abs(left - right) <= max(abs(left), abs(right)) / 10)
    if isinstance(exact, Basic) and isinstance(rounded, Basic) and exact.args:
        return len(exact.args) == len(rounded.args) and all(map(about, exact.args, rounded.args))
    return bool(exact == rounded)


def _holds(relation: Any) -> bool:
    """Whether no equation in it says that a number is another, or something else than a number."""
    equations = relation.args if isinstance(relation, And | FiniteSet) else (relation,)
    return all(
        equation.rhs.is_number and close(*equation.args)
        for equation in equations
        if isinstance(equation, Eq) and not equation.lhs.free_symbols
    )


def _ordered(numbers: Any) -> list[Any]:
    """The numbers by size; none where they have no order, which is left to math-verify."""
    try:
        return sorted(numbers.args, key=lambda number: float(number.evalf()))
    except (TypeError, AttributeError):
        return []
