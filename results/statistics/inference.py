"""Intervals and tests over seeds. Pure functions of arrays; nothing here knows what a run is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srpo_bench.results.runs import Array

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
        """False with fewer than two seeds."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


def ratio_of_means(numerator: Array, denominator: Array, level: float = 0.95) -> Estimate:
    """Ratio of the means of paired positive numbers, with a Student interval on the log scale.

    log(mean c / mean b) ± t_{n−1} · s/√n, where s is the standard deviation of the pairs' influence
    values c_i/mean c − b_i/mean b (the delta method). Chosen by measured coverage
    (``python -m benchmarks.calibration --bca``): this covers 93 to 98 % of the time with 8 to 20
    pairs; BCa covers on average 83 % with 5 pairs, 88 % with 8 and 92 % with 20.

    Args:
        numerator: (n,) c. denominator: (n,) b, the same pairs in the same order.
        level: of confidence.
    """
    c, b, n = numerator, denominator, len(numerator)
    if n == 0 or not b.mean() > 0:
        return Estimate(np.nan, np.nan, np.nan, n, "none")
    value = float(c.mean() / b.mean())
    if n < 2 or value == 0:
        return Estimate(value, np.nan, np.nan, n, "none")
    influence = c / c.mean() - b / b.mean()
    if np.allclose(influence, 0, atol=1e-12):
        return Estimate(value, value, value, n, "no spread")
    half = half_width(influence, level)
    return Estimate(value, value * np.exp(-half), value * np.exp(half), n, "log-t")


def bca_ratio(numerator: Array, denominator: Array, level: float = 0.95) -> Estimate:
    """The same ratio with a bootstrap interval over pairs: BCa, or percentile where BCa is
    undefined (pairs that are all alike). Reported beside ``ratio_of_means``; it decides nothing."""
    import warnings

    from scipy import stats

    n = len(numerator)
    if n < 2 or not denominator.mean() > 0:
        return Estimate(np.nan, np.nan, np.nan, n, "none")
    value = float(numerator.mean() / denominator.mean())
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a degenerate resample is answered by NaN, seen below
            interval = stats.bootstrap(
                (numerator, denominator),
                lambda c, b, axis: c.mean(axis) / b.mean(axis),
                paired=True,
                vectorized=True,
                confidence_level=level,
                n_resamples=4999,
                method=method,
                rng=np.random.default_rng(0),
            ).confidence_interval
        if np.isfinite(interval.low) and np.isfinite(interval.high):
            return Estimate(value, float(interval.low), float(interval.high), n, method)
    return Estimate(value, np.nan, np.nan, n, "none")


def mean(values: Array, level: float = 0.95) -> Estimate:
    """A mean over seeds with Student's interval."""
    n = len(values)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "none")
    value = float(values.mean())
    if n < 2:
        return Estimate(value, np.nan, np.nan, n, "none")
    half = half_width(values, level)
    return Estimate(value, value - half, value + half, n, "t")


def half_width(values: Array, level: float = 0.95) -> float:
    """Half of Student's interval for the mean of values: t_{n−1} · s/√n."""
    from scipy.special import stdtrit

    n = len(values)
    return float(stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(n))


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
    return float(min(1.0, 2 * above.sum() / 2.0 ** len(d)))


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
    margin: float
    p: float
    established: bool


def equivalence(differences: Array, margin: float, alpha: float = 0.05) -> Margin:
    """Two one-sided t-tests (TOST): is the mean difference within ± margin?"""
    estimate = mean(differences, 1 - 2 * alpha)
    p = max(_one_sided(differences, -margin), _one_sided(-differences, -margin))
    return Margin(estimate, margin, p, p < alpha)


def noninferiority(differences: Array, margin: float, alpha: float = 0.025) -> Margin:
    """One-sided t-test: is the mean difference above −margin?"""
    p = _one_sided(differences, -margin)
    return Margin(mean(differences, 1 - 2 * alpha), margin, p, p < alpha)


def _one_sided(values: Array, bound: float) -> float:
    """p of mean ≤ bound against mean > bound."""
    from scipy import stats

    if len(values) < 2:
        return float("nan")
    if values.std() == 0:
        return 0.0 if values[0] > bound else 1.0
    return float(stats.ttest_1samp(values, bound, alternative="greater").pvalue)
