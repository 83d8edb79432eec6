"""Numbers, intervals and lists of names as sentences have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srpo_bench.results.statistics.inference import Estimate


FAR = 2e4
"""Times as many, from which on an upper end excludes nothing."""


def number(value: float, digits: int = 3) -> str:
    """So many digits, and all of a whole number: ``0.0042``, ``61.5``, ``10400``; no powers of
    ten."""
    if abs(value) >= 10**digits - 0.5:
        return f"{value:.0f}"
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def span(e: Estimate, form: Callable[[float], str] = number) -> str:
    """An estimate's interval: ``0.35 to 0.51``, ``1.2 or more`` where it is open above."""
    if not e.has_interval:
        return "no interval"
    if e.high > FAR:
        return f"{form(e.low)} or more"
    return f"{form(e.low)} to {form(e.high)}"


def interval(e: Estimate) -> str:
    """``95 % interval 0.35 to 0.51``."""
    return f"95 % interval {span(e)}" if e.has_interval else "no interval"


def describe(e: Estimate) -> str:
    """``0.42, 95 % interval 0.35 to 0.51``."""
    return f"{number(e.value)}, {interval(e)}"


def some(names: Sequence[str], limit: int = 4) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def finite(value: float) -> float | None:
    """For JSON: NaN and infinities become null."""
    return float(value) if isfinite(value) else None


def signed(difference: float) -> str:
    """A difference of two fractions in points: ``+1.2``, ``-3.0``; ``0.0`` has no sign."""
    number = f"{100 * difference:+.1f}"
    return number if float(number) else "0.0"


def points(e: Estimate, unit: str = " points") -> str:
    """A difference of accuracies: ``-1.2 points (-3.0 to +0.6)``."""
    return f"{signed(e.value)}{unit} ({span(e, signed)})" if e.n else "–"


def percent(e: Estimate) -> str:
    """``82.7 % (81.9 to 83.4)``."""
    if e.n == 0:
        return "–"
    tenths = "{:z.1f}".format  # an interval's lower end may round to nothing from below
    within = span(e, lambda x: tenths(100 * x)) if e.has_interval else "one seed"
    return f"{tenths(100 * e.value)} % ({within})"


def level(accuracy: float) -> str:
    """``82.7 %``; a dash where there is none yet."""
    return f"{100 * accuracy:.1f} %" if isfinite(accuracy) else "–"


def ratio(e: Estimate) -> str:
    """``0.48 (0.45 to 0.52)``."""
    return f"{number(e.value)} ({span(e)})" if e.value >= 0 else "–"


def p_value(p: float) -> str:
    """``0.008``, ``< 0.001``."""
    return "–" if p != p else ("< 0.001" if p < 0.001 else f"{p:.3f}")


NAMES = {
    "steps": "training steps",
    "responses": "responses generated",
    "tokens": "tokens generated",
    "updates": "optimiser updates",
    "seconds": "seconds, without evaluation",
    "flops": "estimated FLOPs",
}


SHORT = {"flops": "FLOPs"}
"""Axes that sentences call otherwise."""


def amount(axis: str, value: float) -> str:
    """What was spent, with its unit where it has one: ``0.96 TFLOP``, ``29 minutes``, ``65.8k``."""
    if axis == "flops":
        size, letter = next((p for p in FLOPS if abs(value) >= 0.1 * p[0]), FLOPS[-1])
        return f"{number(value / size)} {letter}FLOP"
    if axis == "seconds":
        size, unit = next((p for p in TIMES if value >= 2 * p[0]), TIMES[-1])
        return f"{number(value / size)} {unit}"
    return short(value)


FLOPS = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1.0, ""))
TIMES = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def short(value: float, _: Any = None) -> str:
    """1.2M, 30k, 4.0T: for axes and tables."""
    for size, letter in SIZES:
        if abs(value) >= 0.9995 * size:
            return f"{number(value / size)}{letter}"
    return number(value)


SIZES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
"""What stands for how many, the largest first."""


def pairs_told(n: int) -> str:
    """``1 complete seed pair``."""
    return f"{n} complete seed pair{'s' * (n != 1)}"
