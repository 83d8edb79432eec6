"""One problem at a time: k responses to each of n problems, so many of them right.

Pure functions of counts. The problems are taken as a sample of those that could have been asked, so
every error here is one over questions: it holds the spread between problems and that of sampling k
responses (Miller 2024, arXiv 2411.00640, §2 and §3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.statistics.inference import Estimate

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """Two sides on the same problems.

    ours, theirs: accuracies.   difference: ours less theirs, with its 95 % interval.   p:
    two-sided, of no difference.   better, worse: problems on which ours has the larger, the smaller
    share.
    """

    ours: float
    theirs: float
    difference: Estimate
    stderr: float
    p: float
    test: str
    better: int
    worse: int


def error(correct: Counts, k: int) -> float:
    """The standard error of the mean accuracy over questions: sd/√n of the problems' shares.

    Args:
        correct: (n,) right of k.
    """
    share = correct / k
    return float(share.std(ddof=1) / np.sqrt(len(share))) if len(share) > 1 else np.nan


def accuracy(correct: Counts, k: int) -> tuple[Estimate, float]:
    """Mean accuracy with its interval, and its ``error``.

    The interval is Jeffreys' of as many independent answers as would have that error (Korn and
    Graubard 1998), so that it stays within 0 and 1 and 24 of 24 is not certainty: where all shares
    are alike, each problem counts as one answer.

    Args:
        correct: (n,) right of k.
    """
    from scipy.stats import beta

    share = correct / k
    n, value, spread = len(share), float(share.mean()), error(correct, k)
    answers = float(n)
    if spread > 0:
        answers = value * (1 - value) / spread**2 * (_quantile(np.inf) / _quantile(n - 1)) ** 2
    right = value * answers
    low, high = beta.ppf((0.025, 0.975), right + 0.5, answers - right + 0.5)
    low, high = (0.0 if value == 0 else float(low)), (1.0 if value == 1 else float(high))
    return Estimate(value, low, high, n, "Jeffreys, effective answers"), spread


def pass_at(correct: Counts, k: int, at: Sequence[int] = ()) -> dict[int, tuple[float, float]]:
    """pass@m by m: the unbiased estimate 1 − C(k−c, m)/C(k, m) (Chen et al. 2021, eq. 1), mean over
    problems, and its standard error over questions (NaN for one problem).

    Args:
        correct: (n,) right of k.
        at: values of m up to k; by default 1, 2, 4, … and k itself.
    """
    wanted = list(at) or dict.fromkeys([*(2**i for i in range(k.bit_length())), k])
    curve = {}
    for m in wanted:
        of_count = np.array([_pass(k, c, m) for c in range(k + 1)])
        each = of_count[correct]
        error = each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.nan
        curve[m] = (float(each.mean()), float(error))
    return curve


def paired(ours: Counts, k_ours: int, theirs: Counts, k_theirs: int) -> Paired:
    """Are two sides equally good on the problems that both were asked?

    One evaluation each: the standard error is that of the mean of the problems' differences, with
    Agresti and Min's (2005) half problem won, half lost and one even, so that no disagreement is
    not certainty; of k responses, such a half problem weighs 1/k. With the same k the test is the
    exact sign-flip of all 2ⁿ patterns, which is McNemar's at k = 1; else Student's.

    Several seeds a side: seeds are drawn as well as problems, so the variance of the mean is that
    of the crossed design, MS_seeds + MS_problems − MS_rest over S·n, with Satterthwaite's degrees
    of freedom. One side may have a single row (a released model): it stands against every seed.

    Args:
        ours: (S, n) right of k_ours, a row a seed. theirs: (S, n) of the same seeds and problems.

    Raises:
        ValueError: shapes that make no pairs, or no problem.
    """
    if ours.shape[1] != theirs.shape[1] or not ours.shape[1]:
        raise ValueError("Both sides need the same problems, at least one.")
    if len(ours) != len(theirs) and 1 not in (len(ours), len(theirs)):
        raise ValueError(f"{len(ours)} seeds against {len(theirs)} make no pairs.")
    gap = ours / k_ours - theirs / k_theirs
    mean = gap.mean(0)
    value, n = float(mean.mean()), gap.shape[1]
    variance, freedom = _variance(gap, 1 / min(k_ours, k_theirs))
    stderr = float(np.sqrt(variance))
    half = _quantile(freedom) * stderr
    interval = max(-1.0, value - half), min(1.0, value + half)
    if len(gap) == 1 and k_ours == k_theirs:
        p, test = sign_flip(ours[0] - theirs[0]), "exact sign-flip over problems"
        test = "McNemar, exact" if k_ours == 1 else test
    else:
        p, test = _student(value / stderr, freedom), "Student over problems"
        test += f" and {len(gap)} seeds" if len(gap) > 1 else ""
    tie = 1e-12
    return Paired(
        ours=float((ours / k_ours).mean()),
        theirs=float((theirs / k_theirs).mean()),
        difference=Estimate(value, *interval, n, test),
        stderr=stderr,
        p=p,
        test=test,
        better=int((mean > tie).sum()),
        worse=int((mean < -tie).sum()),
    )


def sign_flip(difference: Counts) -> float:
    """Exact two-sided p of Σ ± dᵢ over all 2ⁿ signs, by convolution.

    Args:
        difference: (n,) whole numbers.
    """
    sizes = np.abs(difference[difference != 0])
    total = int(sizes.sum())
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0
    for size in sizes.tolist():
        chance = 0.5 * (np.roll(chance, size) + np.roll(chance, -size))  # its ends are still empty
    reached = abs(int(difference.sum()))
    extreme = chance[np.abs(np.arange(-total, total + 1)) >= reached].sum()
    return float(min(1.0, extreme))


def learned_at(step: Shares, correct: Counts, k: int, share: float = 0.5) -> Shares:
    """(n,) the first evaluation from which on a problem's share of right answers stays at or above
    ``share``; inf where it never does.

    Args:
        step: (E,) of the evaluations. correct: (E, n) right of k.
    """
    mastered = correct >= share * k - 1e-9
    kept = np.logical_and.accumulate(mastered[::-1], axis=0)[::-1]
    first = np.argmax(kept, axis=0)
    return np.where(kept[-1], step[first], np.inf)


def _pass(k: int, c: int, m: int) -> float:
    return 1 - math.comb(k - c, m) / math.comb(k, m)


def _variance(gap: Shares, unseen: float) -> tuple[float, float]:
    """The variance of the mean of (S, n) differences, and its degrees of freedom. ``unseen``: sum
    of squares of the half problems at one seed."""
    seeds, n = gap.shape
    mean = gap.mean(0)
    problems = ((mean**2).sum() + unseen / seeds - mean.sum() ** 2 / (n + 2)) / (n + 2) ** 2
    if seeds == 1:
        return float(problems), float(max(n - 1, 1))
    by_seed = float(gap.mean(1).var(ddof=1)) / seeds
    rest = gap - mean - gap.mean(1, keepdims=True) + gap.mean()
    left = float((rest**2).sum()) / max((seeds - 1) * (n - 1), 1) / (seeds * n)
    variance = max(by_seed + problems - left, by_seed, problems)
    parts = by_seed**2 / (seeds - 1) + problems**2 / max(n - 1, 1)
    parts += left**2 / max((seeds - 1) * (n - 1), 1)
    return float(variance), float(variance**2 / parts)


def _quantile(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))


def _student(statistic: float, freedom: float) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), freedom))
