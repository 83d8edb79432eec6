"""A boundary that holds at every number of pairs at once, and when it applies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.statistics import sequential
from srpo_bench.results.statistics.sequential import _optimum, boundary, first_look, quantile
from srpo_bench.results.statistics.speed import QUANTILE


def test_the_boundary_is_the_normal_mixtures() -> None:
    """|S_n| at the boundary makes the mixture's likelihood ratio 1/α: √(ρ/(n+ρ)) exp(S²/2(n+ρ))."""
    for alpha in (0.05, 0.01):
        for first in (8, 20):
            rho = 2 * first / sequential._optimum(alpha)
            for n in (8, 12, 50, 1000):
                total = boundary(n, first, alpha) * np.sqrt(n)
                ratio = np.sqrt(rho / (n + rho)) * np.exp(total**2 / (2 * (n + rho)))
                assert ratio == pytest.approx(1 / alpha)


def test_it_is_tightest_at_twice_the_first_look() -> None:
    values = [boundary(n, 8) for n in range(2, 200)]
    assert 2 + int(np.argmin(values)) == 16


def test_walks_without_drift_cross_it_seldom() -> None:
    """Looked at after every pair from the 9th to the 400th."""
    rng, walks = np.random.default_rng(1), 4000
    n = np.arange(1, 401)
    z = rng.standard_normal((walks, 400)).cumsum(1) / np.sqrt(n)
    bounds = np.array([boundary(int(k), 8, 0.1) for k in n])
    crossed = (np.abs(z) >= bounds)[:, 8:].any(1).mean()
    assert 0.01 < crossed < 0.1
    naive = (np.abs(z) >= stats.norm.ppf(0.95))[:, 8:].any(1).mean()
    assert naive > 0.3


def test_a_further_look_is_stricter_than_the_first() -> None:
    assert quantile(12, 8) == stats.norm.cdf(boundary(12, 8))
    assert 0.9999 > quantile(12, 8) > quantile(12, None) == QUANTILE


def plan(*added: dict[str, Any], seeds: int = 12, arms: str = "abc") -> dict[str, Any]:
    return {
        "seeds": list(range(1, seeds + 1)),
        "arms": [{"arm": arm} for arm in arms],
        "added": list(added),
    }


@pytest.mark.parametrize(
    ("added", "first"),
    [
        ([], None),
        ([{"seeds": [9, 10, 11, 12], "arms": [], "runs_seen": 24}], 8),
        ([{"seeds": [9, 10, 11, 12], "arms": []}], None),  # nobody says that any had been seen
        (
            [
                {"seeds": [5, 6, 7, 8, 9, 10], "arms": [], "runs_seen": 9},  # four were too few
                {"seeds": [11, 12], "arms": [], "runs_seen": 9},
            ],
            10,
        ),
        ([{"seeds": [9, 10, 11, 12], "arms": [], "runs_seen": 0}], None),  # nothing to be seen yet
        ([{"seeds": [5, 6, 7, 8, 9, 10, 11, 12], "arms": [], "runs_seen": 8}], None),  # no verdict
        ([{"seeds": [], "arms": ["b"], "runs_seen": 12}], None),  # not seen before
        (
            [
                {"seeds": [9, 10], "arms": [], "runs_seen": 16},
                {"seeds": [], "arms": ["b"], "runs_seen": 20},
            ],
            None,
        ),
        (
            [
                {"seeds": [], "arms": ["b"], "runs_seen": 16},
                {"seeds": [11, 12], "arms": [], "runs_seen": 20},
            ],
            10,
        ),
        (
            [
                {"seeds": [9], "arms": [], "runs_seen": 16},
                {"seeds": [10, 11, 12], "arms": [], "runs_seen": 18},
            ],
            8,
        ),
    ],
)
def test_a_look_is_of_both_arms_with_pairs_enough(added: list[Any], first: int | None) -> None:
    assert first_look(plan(*added), "a", "b") == first


def test_one_run_that_was_seen_is_a_look() -> None:
    added = [{"seeds": [9], "arms": [], "runs_seen": 1}]
    arms = [{"arm": "a"}, {"arm": "b"}]
    assert first_look({"seeds": list(range(1, 10)), "arms": arms, "added": added}, "a", "b") == 8


@pytest.mark.parametrize("alpha", [0.02, 0.05])
def test_the_optimum_is_where_its_equation_holds(alpha: float) -> None:
    x = _optimum(alpha)
    assert x == pytest.approx(np.log(1 + x) + 2 * np.log(1 / alpha), abs=1e-12)
