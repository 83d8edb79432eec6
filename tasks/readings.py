"""What an answer may stand for, and what of it needs no algebra: pure, and quick with any text."""

from __future__ import annotations

import re
from itertools import accumulate

from srpo_bench.tasks import bases, latex, measures, relations, words
from srpo_bench.tasks.base import Outcome

MAX_ANSWER = 500
"""Characters of an answer worth reading; the longest gold answer of MATH-500 has far fewer."""
_MAX_DEPTH = 12
_WHOLE = re.compile(r"-?\d{1,15}")
_LOOSE = re.compile(r"[\s{}]|\\left|\\right")
_BESIDE = re.compile(r"\}(?=[\s{]*\d)")
"""Between two numbers that are not one: ``2^{2005}}{3``."""
_LIST_OF_SHORT = re.compile(r"(?=.*(?:\d,\s+-?\d|\band\b))(?!.*(?:\d{4}|\d,\d{3})).*", re.DOTALL)
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_EXPLOSIVE = re.compile(
    r"""
    (?:\^|\*\*)\(*-?\d{5,}                      # an exponent of five or more digits
    | (?:\^|\*\*)(?:\d++|\(++\d++\)*+)(?:\^|\*\*|!)  # a tower of powers
    | \d{4,}\)*! | !\)*!                        # large or repeated factorials
    """,
    re.VERBOSE,
)
_POWER = re.compile(r"\)(?:\^|\*\*)\(*\d\d")
_MOST_POWERS = 3
"""Brackets raised to ten or more: each multiplies what must be written out."""


def of(gold: str, answer: str) -> Outcome | list[tuple[str, str]]:
    """What needs no algebra: the same text, what must not be evaluated, and what is refused; else
    the pairs of which one must be the same."""
    gold, answer = gold.strip(), answer.strip()
    if gold == answer:
        return Outcome.CORRECT
    if len(answer) > MAX_ANSWER:
        return Outcome.UNPARSEABLE
    if _LIST_OF_SHORT.fullmatch(gold):
        answer = _COMMA.sub(", ", answer)  # it sets off no thousands
    written = gold, answer
    gold, answer = latex.unnamed(latex.tidy(gold), latex.tidy(answer))
    loose = _LOOSE.sub("", _BESIDE.sub("}|", answer))
    if not loose or _EXPLOSIVE.search(loose) or len(_POWER.findall(loose)) >= _MOST_POWERS:
        return Outcome.UNPARSEABLE
    if _depth(answer) > _MAX_DEPTH:
        return Outcome.UNPARSEABLE  # the parser's time grows steeply with the depth
    if gold == answer or words.same(gold, answer):
        return Outcome.CORRECT
    same_base = bases.same(gold, answer)
    if same_base is not None:
        return Outcome.CORRECT if same_base else Outcome.WRONG
    unit = measures.ratio(*map(measures.measure, written, (gold, answer)))
    if unit is None or latex.refused(gold, answer) or relations.misnamed(gold, answer):
        return Outcome.WRONG
    pairs = latex.readings(*relations.alike(gold, answer))
    return pairs if unit == 1 else [(wanted, latex.times(unit, given)) for wanted, given in pairs]


def plainly(gold: str, answer: str) -> Outcome | None:
    """The outcome where it is plain: the same text, or two whole numbers."""
    if gold == answer:
        return Outcome.CORRECT
    if _WHOLE.fullmatch(gold) and _WHOLE.fullmatch(answer):
        return Outcome.CORRECT if int(gold) == int(answer) else Outcome.WRONG
    return None


def _depth(text: str) -> int:
    """How deep its brackets nest."""
    steps = (1 if bracket in "{([" else -1 for bracket in text if bracket in "{([])}")
    return max(accumulate(steps), default=0)
