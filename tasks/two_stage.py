"""math-verify's LaTeX parser, made faster without another reading; for its own process only.

ANTLR predicts with full context (LL), which its runtime cannot keep from text to text and which
takes nine tenths of a comparison. A parse by local context (SLL), whose predictions it keeps, ends
in the same tree wherever it ends in one (Parr, Harwell and Fisher 2014, Adaptive LL(*) Parsing: a
choice that local context makes and that can be finished is the first one that full context allows).
Where it ends in an error the text is parsed anew with full context.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from antlr4.atn.PredictionMode import PredictionMode
from latex2sympy2_extended import latex2sympy2

_Converter = latex2sympy2._Latex2Sympy
_full = _Converter.create_parser


@dataclass(frozen=True)
class _Parsed:
    """Stands for a parser whose work is done."""

    tree: Any

    def math(self) -> Any:
        """The grammar's start rule."""
        return self.tree


def create_parser(converter: Any, text: str) -> Any:
    """What parses ``text``: by local context where that reads it, else by full context."""
    parser = _full(converter, text)
    parser._interp.predictionMode = PredictionMode.SLL
    try:
        return _Parsed(parser.math())
    except Exception:  # whatever full context says of it counts
        return _full(converter, text)


def install() -> None:
    """From here on latex2sympy parses in two stages."""
    _Converter.create_parser = create_parser
