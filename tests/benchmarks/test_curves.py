"""Curves whose truth is known: drawn from one law, or from two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.curves import Runs, agreement, largest_gap_p, step_p

LEARNING = np.linspace(0.2, 0.9, 40)


def runs(n: int, seed: int, shift: Runs | float = 0.0) -> Runs:
    """Runs around one learning curve: a seed's own level, and noise at each step."""
    rng = np.random.default_rng(seed)
    return LEARNING + shift + rng.normal(0, 0.01, (n, 1)) + rng.normal(0, 0.04, (n, 40))


def test_runs_of_one_law_agree() -> None:
    found = agreement(runs(5, 1), runs(5, 2), margin=0.05)
    assert found.agree
    assert abs(found.gap) < 0.02
    assert found.inside > 0.8
    assert str(found).startswith("agree: mean gap ")


def test_another_level_is_told_and_measured() -> None:
    found = agreement(runs(5, 1, shift=0.1), runs(5, 2), margin=0.05)
    assert not found.agree
    assert found.gap == pytest.approx(0.1, abs=0.02)
    assert found.p == pytest.approx(2 / 252)  # this labelling and its mirror, of C(10, 5)


def test_a_bump_that_leaves_the_mean_is_told() -> None:
    bump = np.where(np.arange(40) < 5, 0.3, 0.0) - 0.3 * 5 / 40
    found = agreement(runs(5, 1, shift=bump), runs(5, 2), margin=0.05)
    assert found.equivalent
    assert found.p <= 0.05
    assert not found.agree


def test_few_noisy_runs_prove_no_equivalence() -> None:
    noisy = np.array([[0.1], [0.9], [0.5]])
    found = agreement(noisy, noisy + 0.01, margin=0.05)
    assert found.p > 0.05
    assert not found.equivalent
    assert not found.agree


def test_the_interval_is_two_one_sided_tests() -> None:
    ours, theirs = runs(6, 3), runs(4, 4)
    a, b = ours.mean(1), theirs.mean(1)
    for margin in (0.005, 0.02, 0.05):
        found = agreement(ours, theirs, margin)
        sides = (
            stats.ttest_ind(a + margin, b, equal_var=False, alternative="greater").pvalue,
            stats.ttest_ind(a - margin, b, equal_var=False, alternative="less").pvalue,
        )
        assert found.equivalent == (max(sides) < 0.05)


def test_false_alarms_are_as_rare_as_stated() -> None:
    alarms = [largest_gap_p(runs(4, 2 * i), runs(4, 2 * i + 1)) <= 0.06 for i in range(300)]
    assert np.mean(alarms) <= 0.06 + 3 * (0.06 * 0.94 / 300) ** 0.5
    assert any(alarms)


@pytest.mark.integration
def test_many_runs_are_relabelled_at_random_and_repeatably() -> None:
    ours, theirs = runs(10, 1), runs(10, 2)
    assert largest_gap_p(ours, theirs) == largest_gap_p(ours, theirs)
    assert largest_gap_p(ours, theirs) > 0.05
    assert largest_gap_p(ours + 0.1, theirs) < 0.001


def test_steps_where_all_runs_are_equal_say_nothing() -> None:
    same = np.full((3, 2), 0.5)
    assert step_p(same, same).tolist() == [1.0, 1.0]
    assert largest_gap_p(same, same) == 1.0
