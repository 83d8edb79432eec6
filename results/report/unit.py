"""Ratios of cost in the unit of the claim: ``13 % fewer``, ``9 to 17 % fewer``."""

from __future__ import annotations

from math import isfinite

from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.text import FAR, number

TIMES = 3.0
"""From this ratio on ``3.2 times as many`` is easier to read than per cent."""

ALIKE = 1e-4
"""Ends this near to each other would be read as one number, with two digits of a per cent."""


def change(ratio: float) -> str:
    """A ratio of cost in words: ``13 % fewer``, ``38 % more``, ``as many``."""
    if not isfinite(ratio):
        return "not known"
    if ratio >= TIMES:
        return f"{number(ratio, 2)} times as many"
    share = _per_cent(ratio)
    if float(share) == 0:
        return "as many"
    return f"{share} % {_side(ratio)}"


def bounded(ratio: float, bound: str) -> str:
    """``change`` of a ratio that may be a lower or an upper bound: ``at least 84 % more``; of so
    many fewer, a lower bound is the most: ``at most 11 % fewer``."""
    told = change(ratio)
    if bound not in ("lower", "upper"):
        return told
    up = ratio >= 1 or told == change(1)
    return f"{'at least' if (bound == 'lower') == up else 'at most'} {told}"


def changes(e: Estimate) -> str:
    """The interval of a ratio: ``9 to 17 % fewer``, ``5 % fewer to 3 % more``; with an open upper
    end ``27 % fewer at best, with no upper end``."""
    if not e.has_interval:
        return "no interval"
    below, above = e.low < 1 / FAR, e.high > FAR
    if below and above:
        return "with no end on either side"
    if above:
        return f"{change(e.low)} at best, with no upper end"
    if below:
        return f"{change(e.high)} at worst, with no lower end"
    if e.high - e.low < ALIKE * max(1, e.high) or change(e.low) == change(e.high) == change(1):
        return f"{change(e.low)} at either end"
    if e.low >= TIMES:
        digits = 2 if number(e.low, 2) != number(e.high, 2) else 3
        return f"{number(e.low, digits)} to {number(e.high, digits)} times as many"
    if _side(e.low) != _side(e.high) or e.high >= TIMES:
        return f"{change(e.low)} to {change(e.high)}"
    digits = next((d for d in (0, 1) if _per_cent(e.low, d) != _per_cent(e.high, d)), 2)
    near, far = sorted((_per_cent(e.low, digits), _per_cent(e.high, digits)), key=float)
    return f"{near} to {far} % {_side(e.low)}"


def beside(e: Estimate, bound: str = "") -> str:
    """A ratio, or a bound of it, and its interval: ``13 % fewer (9 to 17)``."""
    ratio, span = bounded(e.value, bound), changes(e)
    word = f" % {_side(e.value)}"
    if ratio.endswith(word) and span.endswith(word) and span.count("%") == 1:
        span = span.removesuffix(word)
    return f"{ratio} ({span})"


def _side(ratio: float) -> str:
    return "fewer" if ratio < 1 else "more"


def _per_cent(ratio: float, digits: int | None = None) -> str:
    """Whole per cents, but for what lies so near none or all that they would hide it."""
    off = 100 * abs(1 - ratio)
    if digits is None:
        near = min(off, 100 - off) if ratio < 1 else off
        digits = 0 if near >= 1 else 1 if near >= 0.1 or off < 0.05 else 2
    return f"{off:.{digits}f}"
