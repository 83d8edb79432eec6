"""Which ratios of cost an accuracy rejects, from t of them: the inversion of ``speed``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.statistics.jackknife import jackknife

WHOLE = 1 + 1e-9
"""Ratios round: 0.1 of a number is not above 0.1."""


@dataclass(frozen=True)
class Interval:
    """(…) ends of one estimator's interval."""

    low: Array
    high: Array

    def side(self, threshold: float) -> NDArray[np.int_]:
        """(…) −1: wholly at or below a ratio, 1: wholly above it, 0: neither."""
        above = self.low > threshold * WHOLE
        below = self.high <= threshold * WHOLE
        return above.astype(int) - below


def t_statistic(short: Array, kept: NDArray[np.bool_], floor: float | Array) -> Array:
    """(…, R) t of "the accuracy here is the target", from its shortfall (…, n + 1, R)."""
    centre, error = jackknife(np.moveaxis(short, -2, -1), kept[..., None, :])
    error = np.sqrt(np.maximum(error**2, np.asarray(floor)[..., None]))
    with np.errstate(invalid="ignore", divide="ignore"):
        t: Array = centre / error
    return np.nan_to_num(t, posinf=1e9, neginf=-1e9)  # no spread and no floor: certain, or equal


def invert(ratios: Array, t: Array, quantile: Array) -> Interval:
    """The first ratio that is not rejected as too small, and the first that is as too large."""
    ratios = np.broadcast_to(ratios, t.shape)
    low, high = _first(ratios, t, -quantile), _first(ratios, t, quantile)
    return Interval(np.where(np.isnan(low), ratios[..., -1], low), high)


def _first(ratios: Array, t: Array, bound: Array) -> Array:
    """(…) where t first rises above a bound, linear in between; NaN: never."""
    over = t > bound[..., None]
    i = np.argmax(over, axis=-1)[..., None]
    here, over_it = (np.take_along_axis(x, i, -1)[..., 0] for x in (ratios, t))
    j = np.maximum(i - 1, 0)
    back, under = (np.take_along_axis(x, j, -1)[..., 0] for x in (ratios, t))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (bound - under) / (over_it - under)
        crossed = np.where(i[..., 0] > 0, back + share * (here - back), here)
    return np.where(over.any(-1), crossed, np.nan)


def t_at(ratios: Array, t: Array, ratio: float) -> Array:
    """(…) the largest t up to a ratio, linear in between, so that p and interval never part. Beyond
    the last one nothing more is rejected."""
    shape, t = t.shape[:-1], np.maximum.accumulate(t, axis=-1)
    flat = (x.reshape(-1, t.shape[-1]) for x in (np.broadcast_to(ratios, t.shape), t))
    rows = zip(*flat, strict=True)
    return np.array([np.interp(ratio, x, y, right=max(y[-1], 0.0)) for x, y in rows]).reshape(shape)
