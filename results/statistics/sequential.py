"""Verdicts on a comparison that was extended after it had been looked at.

Who adds seeds to what was not settled, and looks again, gives chance a second try. Neither how
often nor by how much a comparison is extended is known beforehand, and both may hang on what was
seen. So the second and every later look is read against a boundary that holds for all numbers of
pairs at once: the normal mixture of Robbins (1970, "Statistical methods related to the law of the
iterated logarithm"; Howard et al. 2021, arXiv 1810.08240, equation 14),

    P(some n: |Z_n| ≥ √((1 + ρ/n) (ln(1 + n/ρ) + 2 ln(1/α)))) ≤ α,

with Z_n the standardised mean of n pairs. ρ sets where it is tightest: at the first look's number
of pairs, times ``TIGHTEST``. The boundary's normal tail is read with Student's t of n − 1.

The first look keeps its usual quantile, which false verdicts do not exceed; ``ALPHA`` is what is
left over for all later ones together. ``benchmarks.calibration`` measures the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

from srpo_bench.results.statistics.race import MIN_PAIRS
from srpo_bench.results.statistics.speed import QUANTILE

ALPHA = 0.02
"""Two-sided, of all looks after the first."""
TIGHTEST = 2.0
"""Times the pairs of the first look."""


def boundary(n: int, first: int, alpha: float = ALPHA) -> float:
    """The bound on a standardised mean of n pairs, where the first look was at ``first`` of
    them."""
    rho = TIGHTEST * first / _optimum(alpha)
    return sqrt((1 + rho / n) * (log(1 + n / rho) - 2 * log(alpha)))


def quantile(n: int, first: int | None) -> float:
    """Student's quantile at either end of a ratio's interval over n pairs: where a first look has
    gone before, one that holds at every look."""
    from scipy.special import ndtr

    return QUANTILE if first is None else float(ndtr(boundary(n, first)))


def tail_of(n: int, first: int | None) -> float:
    """What a test of scores over n pairs leaves out at either end: 2.5 %, or what a further look
    leaves."""
    return 0.025 if first is None else 1 - quantile(n, first)


def first_look(plan: Mapping[str, Any], *arms: str) -> int | None:
    """Pairs at the first look at some arms, where seeds were added after it; None: none were.

    An addition follows a look where some run had been evaluated by then, and where there were pairs
    enough for a verdict; arms that came later were not seen before.
    """
    added = plan.get("added") or []
    late = {seed for addition in added for seed in addition.get("seeds", [])}
    seeds = len([s for s in plan.get("seeds", []) if s not in late])
    planned = {a["arm"] for a in plan.get("arms", [])}
    planned -= {arm for addition in added for arm in addition.get("arms", [])}
    for addition in added:
        seen = addition.get("runs_seen", 0) > 0 and planned.issuperset(arms)
        if addition.get("seeds") and seen and seeds >= MIN_PAIRS:
            return seeds
        seeds += len(addition.get("seeds", []))
        planned.update(addition.get("arms", []))
    return None


def _optimum(alpha: float) -> float:
    """n/ρ at which the boundary is tightest: where x = ln(1 + x) + 2 ln(1/α)."""
    x = 10.0
    for _ in range(50):
        x = log(1 + x) - 2 * log(alpha)
    return x
