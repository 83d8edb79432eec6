"""Learning curves as monotone functions: where one crosses a level, and its value in between.

Pure and batched: leading dimensions (…) are whatever the caller simulates or resamples, and a
verdict and its calibration run through the same lines.

The isotonic fit g of a curve (the closest one that never falls) is needed at its crossing alone.
g reaches a level first at the index where the running sum of (curve − level) is smallest (the
switching relation of isotonic regression; Robertson, Wright and Dykstra 1988, chapter 1), and the
blocks on either side of it are a smallest and a largest mean of neighbours.

A block is what had to be pooled because the curve falls in it. Evaluations that are merely equal
are no block: two stay two, as in a curve that rises by nothing. A plateau would else be one block,
whose centre moves with the budget, and a crossing before it with that. (scipy's
``isotonic_regression`` returns the same fit and joins equal neighbours in its ``blocks``.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array

Index = NDArray[np.intp]

TOLERANCE = 1e-9
"""An accuracy this little below a level has reached it: means of fractions round."""
TIE = 1e-13
"""Means that differ by less are equal: running sums round."""
HALVINGS = 48


def crossing(step: Array, curve: Array, level: Array | float) -> tuple[Array, Array, Array]:
    """Where the isotonic fit of a curve reaches a level and, being monotone, keeps it.

    A block of pooled evaluations stands at the centre of its steps; between centres runs a PCHIP.

    Args:
        step: (K,) increasing.
        curve: (…, K).
        level: (…) or one for all.

    Returns:
        (…) the step where it crosses, and the centres of the two blocks around it, which are equal
        to it where the curve begins at the level. All are NaN where it never gets there.
    """
    shape, k = curve.shape[:-1], curve.shape[-1]
    goal = np.broadcast_to(level, shape).reshape(-1)
    value, place = running(curve.reshape(-1, k)), running(step[None])
    start = np.argmin(value - _finite(goal)[:, None] * np.arange(k + 1), axis=-1)
    start[~np.isfinite(goal)] = k  # no level, no crossing
    crossings = np.full((3, len(goal)), np.nan)
    crossings[:, start == 0] = step[0]
    rows = np.flatnonzero((start > 0) & (start < k))
    if len(rows):
        crossings[:, rows] = _between(value[rows], place[0], start[rows], goal[rows])
    at, low, high = (x.reshape(shape) for x in crossings)
    return at, low, high


def reaches(curve: Array, level: Array | float) -> NDArray[np.bool_]:
    """(…) does the isotonic fit of (…, K) reach the level at all? Its last block is then above."""
    goal = np.asarray(level)
    below = running(curve) - _finite(goal)[..., None] * np.arange(curve.shape[-1] + 1)
    reached: NDArray[np.bool_] = (np.argmin(below, axis=-1) < curve.shape[-1]) & np.isfinite(goal)
    return reached


def _finite(goal: Array) -> Array:
    """The level less the tolerance; 0 where there is none, which the caller leaves out."""
    return np.where(np.isfinite(goal), goal, 0.0) - TOLERANCE


def value_at(step: Array, curve: Array, at: Array) -> Array:
    """A PCHIP through the curve itself, read at steps; its end values beyond its ends.

    Args:
        step: (K,). curve: (…, K). at: (…, R).

    Returns:
        (…, R).
    """
    k = len(step)
    if k == 1:
        return np.broadcast_to(curve, at.shape).copy()
    slope = _slopes(step, curve)
    inside = np.clip(at, step[0], step[-1])
    i = np.clip(np.searchsorted(step, inside, side="right") - 1, 0, k - 2)
    left, width = step[i], step[i + 1] - step[i]
    y0, y1, d0, d1 = (
        np.take_along_axis(x, j, axis=-1)
        for x, j in ((curve, i), (curve, i + 1), (slope, i), (slope, i + 1))
    )
    return _value((inside - left) / width, *_hermite(width, y0, y1, d0, d1))


def running(values: Array) -> Array:
    """Sums of the first 0, 1, …, K values."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(-1)], axis=-1)


def leave_one_out(values: Array) -> Array:
    """(…, n, K) → (…, n + 1, K): the mean over all n, then the mean without each in turn."""
    n = values.shape[-2]
    total = values.sum(-2, keepdims=True)
    return np.concatenate([total / n, (total - values) / max(n - 1, 1)], axis=-2)


def _between(value: Array, place: Array, start: Index, goal: Array) -> Array:
    """(3, m) crossing and block centres of m curves whose fit reaches its goal from ``start`` on.

    value: (m, K + 1) running sums of the curves. place: (K + 1,) of the steps.
    """
    end = _block_after(value, start)
    first = _block_before(value, start)
    beyond, before = _block_after(value, end), _block_before(value, first)
    edges = np.stack([before, first, start, end, beyond])  # four blocks, outer ones maybe empty
    size = np.diff(edges, axis=0)
    rows = np.arange(len(start))
    with np.errstate(invalid="ignore"):
        y = np.diff(value[rows, edges], axis=0) / size
        x = np.diff(place[edges], axis=0) / size
        d1, d2 = _bracket_slopes(x, y)
    width = x[2] - x[1]
    low, high = np.zeros(len(start)), np.ones(len(start))
    cubic, short = _hermite(width, y[1], y[2], d1, d2), goal - TOLERANCE
    for _ in range(HALVINGS):  # the cubic is monotone inside its bracket
        middle = (low + high) / 2
        under = _value(middle, *cubic) < short
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.stack([x[1] + high * width, x[1], x[2]])


def _block_after(value: Array, start: Index) -> Index:
    """(m,) end of the block of the fit that begins at ``start``: the smallest mean of what follows,
    over as little as attains it, so that a plateau of equal values is no block whose centre would
    hang on the budget. ``start`` itself where nothing follows."""
    k = value.shape[1] - 1
    length = np.arange(k + 1) - start[:, None]
    mean = np.where(length > 0, value - _pick(value, start), np.inf)
    mean /= np.where(length > 0, length, 1)
    best = mean.min(1, keepdims=True)
    return np.where(start < k, np.argmax(mean <= best + TIE, axis=1), start)


def _block_before(value: Array, end: Index) -> Index:
    """(m,) start of the block that ends before ``end``: the largest mean of what precedes it, over
    as little as attains it. ``end`` itself where nothing precedes."""
    k = value.shape[1] - 1
    length = end[:, None] - np.arange(k + 1)
    mean = np.where(length > 0, _pick(value, end) - value, -np.inf)
    mean /= np.where(length > 0, length, 1)
    best = mean.max(1, keepdims=True)
    nearest = k - np.argmax((mean >= best - TIE)[:, ::-1], axis=1)
    return np.where(end > 0, nearest, end)


def _pick(value: Array, index: Index) -> Array:
    return np.take_along_axis(value, index[:, None], axis=1)


def _bracket_slopes(x: Array, y: Array) -> tuple[Array, Array]:
    """PCHIP's slopes at the two inner ones of four points; the outer ones may be missing (NaN)."""
    h, delta = np.diff(x, axis=0), np.diff(y, axis=0) / np.diff(x, axis=0)
    left, right = np.isnan(delta[0]), np.isnan(delta[2])
    d1 = np.where(left, _edge(h[1], h[2], delta[1], delta[2]), _inner(h[:2], delta[:2]))
    d2 = np.where(right, _edge(h[1], h[0], delta[1], delta[0]), _inner(h[1:], delta[1:]))
    straight = left & right
    return np.where(straight, delta[1], d1), np.where(straight, delta[1], d2)


def _slopes(step: Array, curve: Array) -> Array:
    """(…, K) slopes of a PCHIP (Fritsch and Butland 1984), as scipy has them."""
    h, delta = np.diff(step), np.diff(curve, axis=-1) / np.diff(step)
    if len(h) == 1:
        return np.concatenate([delta, delta], axis=-1)
    inner = _inner((h[:-1], h[1:]), (delta[..., :-1], delta[..., 1:]))
    first = _edge(h[0], h[1], delta[..., 0], delta[..., 1])
    last = _edge(h[-1], h[-2], delta[..., -1], delta[..., -2])
    return np.concatenate([first[..., None], inner, last[..., None]], axis=-1)


def _inner(h: tuple[Array, Array] | Array, delta: tuple[Array, Array] | Array) -> Array:
    """The weighted harmonic mean of the slopes on either side; 0 where they disagree in sign."""
    w1, w2 = 2 * h[1] + h[0], h[1] + 2 * h[0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = (w1 + w2) / (w1 / delta[0] + w2 / delta[1])
    return np.where(delta[0] * delta[1] > 0, mean, 0.0)


def _edge(h0: Array, h1: Array, delta0: Array, delta1: Array) -> Array:
    """The one-sided three-point slope, cut so that the curve stays monotone."""
    d = ((2 * h0 + h1) * delta0 - h0 * delta1) / (h0 + h1)
    d = np.where(np.sign(d) != np.sign(delta0), 0.0, d)
    overshoots = (np.sign(delta0) != np.sign(delta1)) & (np.abs(d) > 3 * np.abs(delta0))
    return np.where(overshoots, 3 * delta0, d)


def _hermite(
    width: Array, y0: Array, y1: Array, d0: Array, d1: Array
) -> tuple[Array, Array, Array, Array]:
    """The cubic with these values and slopes at the ends of an interval: its coefficients."""
    rise = y1 - y0
    a, b = d0 * width, d1 * width
    return y0, a, 3 * rise - 2 * a - b, a + b - 2 * rise


def _value(t: Array, c0: Array, c1: Array, c2: Array, c3: Array) -> Array:
    """A cubic at t, by Horner's rule."""
    return c0 + t * (c1 + t * (c2 + t * c3))
