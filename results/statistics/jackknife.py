"""The mean of pairs without each of them, and what Student's t makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.statistics.curves import leave_one_out


def replicates(values: Array, kept: NDArray[np.bool_]) -> Array:
    """(…, n, K) → (…, n + 1, K): the mean of the pairs kept, then without each of them; that of all
    again where a pair is not kept anyway."""
    if kept.all():
        return leave_one_out(values)
    weight = kept[..., None]
    part = np.where(weight, values, 0.0)
    total, count = part.sum(-2, keepdims=True), weight.sum(-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = (total / count, (total - part) / (count - weight))
    return np.concatenate(parts, axis=-2)


def jackknife(theta: Array, kept: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The estimate of all, and its standard error from the (…, n + 1) replicates."""
    m = kept.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(kept, theta[..., 1:], 0.0)
        off = np.where(kept, theta[..., 1:] - (each.sum(-1) / m)[..., None], 0.0)
        return theta[..., 0], np.sqrt((m - 1) / m * (off**2).sum(-1))


def student(pairs: NDArray[np.intp], quantile: float) -> Array:
    """(…) Student's t of so many pairs; infinite for one, which says nothing of its spread."""
    from scipy.special import stdtrit

    t: Array = stdtrit(np.maximum(pairs - 1, 1), quantile)
    return np.where(pairs < 2, np.inf, t)


def normal(quantile: float) -> float:
    """What a variance that is known, not estimated from pairs, is read with."""
    from scipy.special import ndtri

    return float(ndtri(quantile))
