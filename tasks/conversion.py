r"""How math-verify makes mathematics of what it has parsed, made right; for its own process only.

By itself it adds whole numbers that stand side by side (``2(3)`` is 5 to it, as if it were a mixed
number), leaves out what stands behind a list or a point (``(1,2)7``), and takes ``R`` for ``r``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from latex2sympy2_extended import latex2sympy2
from latex2sympy2_extended.latex2sympy2 import ConversionConfig
from math_verify import parser
from sympy import Dummy, Expr, MatrixBase

_Converter = latex2sympy2._Latex2Sympy
_derivative = _Converter.convert_postfix_list
_MIXED = re.compile(r"\d+\\frac(?:\{\d+\}|\d){2}")
_NUMBER = re.compile(r"[\d.,]+")


def product(converter: Any, factors: Sequence[Any], first: int = 0) -> Any:
    r"""Of the factors from ``first`` on; ``2\frac{1}{2}`` is a mixed number. Two numbers side by
    side are none, nor is something behind a list: they are equal to nothing."""
    left, rest = converter.convert_postfix(factors[first]), first + 1
    if rest == len(factors):
        return left
    texts = [factor.getText() for factor in factors[first : rest + 1]]
    if _MIXED.fullmatch("".join(texts)):
        left, rest = left + converter.convert_postfix(factors[rest]), rest + 1
        if rest == len(factors):
            return left
    elif all(map(_NUMBER.fullmatch, texts)):
        return Dummy()
    if isinstance(left, list):
        return _derivative(converter, factors, first)
    if not isinstance(left, Expr | MatrixBase):
        return Dummy()
    right = product(converter, factors, rest)
    matrix = isinstance(left, MatrixBase) or isinstance(right, MatrixBase)
    return (converter.mat_mul_flat if matrix else converter.mul_flat)(left, right)


def install() -> None:
    """From here on products are products, and capital letters are others than small ones."""
    _Converter.convert_postfix_list = product
    parser.latex2sympy = partial(
        latex2sympy2.latex2sympy, conversion_config=ConversionConfig(lowercase_symbols=False)
    )
