"""Granularity check: can a reported percentage be a count of right answers at all?

A score over n problems with k samples each is m/(n·k) for a whole number m. Brown & Heathers 2017,
"The GRIM test", doi 10.1177/1948550616673876, for means of whole numbers in general.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal


def counts(percent: str, n: int) -> list[int]:
    """The whole numbers m for which m/n, as a percentage, rounds to what was reported.

    Args:
        percent: as printed, since its decimals say how it was rounded ("92.4").
        n: problems × samples.

    Returns:
        All m in order; empty when no count gives that figure. Halves may be rounded either way.
    """
    reported = Decimal(percent)
    unit = Decimal(1).scaleb(int(reported.as_tuple().exponent))
    low = math.floor((reported - unit) / 100 * n)
    high = math.ceil((reported + unit) / 100 * n)
    return [m for m in range(max(low, 0), min(high, n) + 1) if reported in _rounded(m, n, unit)]


def sentence(percent: str, n: int) -> str:
    """The check's outcome in words."""
    fitting = counts(percent, n)
    if fitting:
        some = f"{fitting[0]}/{n}" if len(fitting) == 1 else f"{fitting[0]} to {fitting[-1]} of {n}"
        return f"{percent} % can be a score over {n} answers: {some}"
    below = math.floor(Decimal(percent) / 100 * n)
    near = ", ".join(f"{m}/{n} = {100 * m / n:.2f}" for m in (below, below + 1) if m <= n)
    return f"{percent} % cannot be a score over {n} answers: {near}"


def _rounded(m: int, n: int, unit: Decimal) -> set[Decimal]:
    exact = Decimal(100 * m) / Decimal(n)
    return {exact.quantize(unit, rounding=r) for r in (ROUND_HALF_UP, ROUND_HALF_EVEN)} | {
        exact.quantize(unit, rounding="ROUND_HALF_DOWN")
    }
