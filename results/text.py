"""Numbers, intervals and lists of names as sentences have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from srpo_bench.results.statistics.inference import Estimate


def describe(ratio: Estimate) -> str:
    """``0.42, 95 % interval 0.35 to 0.51``."""
    if not ratio.has_interval:
        return f"{ratio.value:.3g}, no interval"
    return f"{ratio.value:.3g}, 95 % interval {ratio.low:.3g} to {ratio.high:.3g}"


def some(names: Sequence[str], limit: int = 4) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def finite(value: float) -> float | None:
    """For JSON: NaN and infinities become null."""
    return float(value) if np.isfinite(value) else None


def points(estimate: Estimate) -> str:
    """A difference of accuracies in points, with its interval."""
    if not estimate.has_interval:
        return f"{100 * estimate.value:+.1f} points (no interval)"
    return (
        f"{100 * estimate.value:+.1f} points "
        f"({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"
    )


def percent(e: Estimate) -> str:
    """``82.7 % (81.9 to 83.4)``."""
    if e.n == 0:
        return "–"
    if not e.has_interval:
        return f"{100 * e.value:.1f} % (one seed)"
    return f"{100 * e.value:.1f} % ({100 * e.low:.1f} to {100 * e.high:.1f})"


def ratio(e: Estimate) -> str:
    """``0.48 (0.45 to 0.52)``."""
    if not e.value >= 0:
        return "–"
    if not e.has_interval:
        return f"{e.value:.3g} (no interval)"
    return f"{e.value:.3g} ({e.low:.3g} to {e.high:.3g})"


def steps(value: float) -> str:
    """A number of steps, or that there is none."""
    return "–" if value != value else ("not reached" if value == float("inf") else f"{value:.4g}")


def p_value(p: float) -> str:
    """``0.008``, ``< 0.001``."""
    return "–" if p != p else ("< 0.001" if p < 0.001 else f"{p:.3f}")


def interval(e: Estimate) -> str:
    """``95 % interval 0.35 to 0.51``."""
    return f"95 % interval {e.low:.3g} to {e.high:.3g}" if e.has_interval else "no interval"


NAMES = {
    "steps": "training steps",
    "responses": "responses generated",
    "tokens": "tokens generated",
    "updates": "optimiser updates",
    "seconds": "seconds, without evaluation",
    "flops": "estimated FLOPs",
}


def short(value: float, _: Any = None) -> str:
    """1.2M, 30k, 4.0T: for axes and tables."""
    for size, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
