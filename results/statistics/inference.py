"""Intervals and tests over seeds. Pure functions of arrays; nothing here knows what a run is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from srpo_bench.results.array import Array

EXACT_UP_TO = 32
"""Pairs up to which all sign patterns are counted."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; NaN bounds where the data give none."""

    value: float
    low: float
    high: float
    n: int
    method: str

    @property
    def has_interval(self) -> bool:
        """False with fewer than two seeds. An end may be infinite: that side is open."""
        return not (np.isnan(self.low) or np.isnan(self.high))


def mean(values: Array, level: float = 0.95, floor: float = 0.0) -> Estimate:
    """A mean over seeds with Student's interval.

    Args:
        values: (n,). level: of confidence.
        floor: the least that the mean's variance can be, for seeds that happen to be alike.
    """
    n = len(values)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "none")
    value = float(values.mean())
    if n < 2:
        return Estimate(value, np.nan, np.nan, n, "none")
    half = half_width(values, level, floor)
    return Estimate(value, value - half, value + half, n, "t")


def share(values: Array, floor: float = 0.0) -> Estimate:
    """A mean of shares, whose interval ends at 0 and 1."""
    estimate = mean(values, floor=floor)
    if not estimate.has_interval:
        return estimate
    return replace(estimate, low=max(0.0, estimate.low), high=min(1.0, estimate.high))


def of(count: float, n: int) -> Estimate:
    """A share count/n of independent things with its exact interval (Clopper and Pearson 1934); one
    of them may count in part, as a tie does."""
    from scipy.special import betaincinv

    if not n:
        return Estimate(np.nan, np.nan, np.nan, 0, "none")
    low = float(betaincinv(count, n - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 0.975)) if count < n else 1.0
    return Estimate(count / n, low, high, n, "exact")


def half_width(values: Array, level: float = 0.95, floor: float = 0.0) -> float:
    """Half of Student's interval for the mean of values: t_{n−1} · s/√n, and no less than a normal
    one whose variance is the floor."""
    low, high = bounds(values, floor, (1 + level) / 2)
    return float(high - low) / 2


def bounds(values: Array, floor: float | Array, quantile: float = 0.975) -> tuple[Array, Array]:
    """(…) Student's limits of the mean of (…, n); its variance is no smaller than a floor that is
    known, and so read with a normal quantile. Infinite with fewer than two values."""
    from scipy.special import ndtri, stdtrit

    n, centre = values.shape[-1], values.mean(-1)
    if n < 2:
        return np.full(centre.shape, -np.inf), np.full(centre.shape, np.inf)
    spread = stdtrit(n - 1, quantile) * values.std(-1, ddof=1) / np.sqrt(n)
    half = np.maximum(spread, ndtri(quantile) * np.sqrt(floor))
    return centre - half, centre + half


def sign_flip(differences: Array) -> float:
    """Two-sided p of the paired sign-flip test that differences are symmetric about zero.

    Exact up to 32 pairs: all 2^n sign patterns are counted, as sums of two halves. Beyond, 9,999
    random patterns and the observed one. The smallest p that n pairs can give is 2 / 2^n.
    """
    d = differences[differences != 0]  # a zero is the same under either sign
    observed = abs(float(d.sum())) - 1e-12 * float(np.abs(d).sum())  # sums round
    if observed <= 0:
        return 1.0
    if len(d) > EXACT_UP_TO:
        signs = np.random.default_rng(0).integers(0, 2, (9_999, len(d)), dtype=np.int8) * 2 - 1
        return float((np.abs(signs @ d) >= observed).sum() + 1) / 10_000
    left, right = _signed_sums(d[: len(d) // 2]), np.sort(_signed_sums(d[len(d) // 2 :]))
    above = len(right) - np.searchsorted(right, observed - left)
    return float(2 * above.sum() / 2.0 ** len(d))


def holm(p: Array) -> Array:
    """(m,) p values of one family, adjusted by Holm's step-down method; NaN are no members."""
    adjusted = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p) if not np.isnan(p[i])]
    least = 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * float(p[i])))
        adjusted[i] = least
    return adjusted


def _signed_sums(values: Array) -> Array:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


@dataclass(frozen=True)
class Margin:
    """A test of a paired mean difference against a margin."""

    difference: Estimate
    """With the interval that the test reads: 90 % for equivalence, 95 % for non-inferiority."""
    p: float
    established: bool


def equivalence(
    differences: Array, margin: float, alpha: float = 0.05, floor: float = 0.0
) -> Margin:
    """Two one-sided t-tests (TOST): is the mean difference within ± margin?"""
    estimate = mean(differences, 1 - 2 * alpha, floor)
    p = max(_above(differences, -margin, floor), _above(-differences, -margin, floor))
    return Margin(estimate, p, p < alpha)


def noninferiority(
    differences: Array, margin: float, alpha: float = 0.025, floor: float = 0.0
) -> Margin:
    """One-sided t-test: is the mean difference above −margin?"""
    p = _above(differences, -margin, floor)
    return Margin(mean(differences, 1 - 2 * alpha, floor), p, p < alpha)


def differs(differences: Array, floor: float = 0.0) -> float:
    """Two-sided p of no mean difference, by Student's t; NaN with fewer than two."""
    tails = _above(differences, 0, floor), _above(-differences, 0, floor)
    return float(np.minimum(1.0, 2 * min(tails)))


def _above(values: Array, bound: float, floor: float) -> float:
    """p of mean ≤ bound against mean > bound: the larger of Student's and of the floor's normal."""
    from scipy.special import ndtr, stdtr

    n = len(values)
    if n < 2:
        return float("nan")
    off, error = float(values.mean()) - bound, float(values.std(ddof=1)) / np.sqrt(n)
    if error == floor == 0:
        return 0.0 if off > 0 else 1.0
    each = [float(stdtr(n - 1, -off / error))] if error > 0 else []
    each += [float(ndtr(-off / np.sqrt(floor)))] if floor > 0 else []
    return max(each)
