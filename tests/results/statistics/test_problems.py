"""Counts by problem, against closed forms, scipy and simulated evaluations."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.statistics.problems import (
    _variance,
    accuracy,
    error,
    learned_at,
    paired,
    pass_at,
    sign_flip,
)


def row(*counts: int) -> np.ndarray:
    return np.array([counts], dtype=np.int64)


def test_one_answer_a_problem_is_mcnemars_exact_test() -> None:
    ours, theirs = row(*[1] * 9, *[0] * 2, *[1] * 20), row(*[0] * 9, *[1] * 2, *[1] * 20)
    found = paired(ours, 1, theirs, 1)
    assert found.p == pytest.approx(stats.binomtest(9, 11, 0.5).pvalue)
    assert (found.better, found.worse, found.test) == (9, 2, "McNemar, exact")
    assert found.difference.value == pytest.approx(7 / 31)


def test_the_sign_flip_counts_every_pattern() -> None:
    difference = np.array([3, -1, 2, 0, 4, -2])
    sums = [sum(s * d for s, d in zip(signs, difference, strict=True))
            for signs in itertools.product((1, -1), repeat=6)]  # fmt: skip
    by_hand = np.mean([abs(total) >= difference.sum() for total in sums])
    assert sign_flip(difference) == pytest.approx(by_hand)
    assert sign_flip(np.array([0, 0])) == 1


def test_a_chance_is_never_more_than_one() -> None:
    """Added up it is 1 + 2e-16 here."""
    assert sign_flip(np.array([1] * 38 + [-1] * 38)) == 1.0


def test_the_standard_error_of_a_pair_is_agresti_and_mins() -> None:
    """n10 = 5, n01 = 1, n = 20: with 0.5 added to each and N* = 22."""
    found = paired(row(*[1] * 5, 0, *[1] * 14), 1, row(*[0] * 5, 1, *[1] * 14), 1)
    by_hand = math.sqrt((5.5 + 1.5) - (5.5 - 1.5) ** 2 / 22) / 22
    assert found.stderr == pytest.approx(by_hand)
    half = stats.t.ppf(0.975, 19) * by_hand
    assert found.difference.low == pytest.approx(0.2 - half)
    assert found.difference.high == pytest.approx(0.2 + half)


def test_no_disagreement_is_not_certainty() -> None:
    found = paired(row(*[1] * 24), 1, row(*[1] * 24), 1)
    assert found.difference.value == 0
    assert found.p == 1
    assert found.stderr == pytest.approx(1 / 26)
    more = paired(row(*[16] * 24), 16, row(*[16] * 24), 16)
    assert more.stderr == pytest.approx(1 / 4 / 26)


def test_seeds_and_problems_are_crossed() -> None:
    """By hand, two seeds on three problems: gaps (.5, 0, 1) and (0, 0, .5)."""
    found = paired(np.array([[2, 1, 2], [1, 1, 1]]), 2, np.array([[1, 1, 0], [1, 1, 0]]), 2)
    means = np.array([0.25, 0, 0.75])
    problems = ((means**2).sum() + 0.25 - means.sum() ** 2 / 5) / 25
    seeds = 0.5 * (1 / 3) ** 2 / 2  # seed means 1/2 and 1/6
    rest = (np.array([[1, -2, 1], [-1, 2, -1]]) / 12) ** 2
    left = rest.sum() / 2 / 6
    assert found.stderr == pytest.approx(math.sqrt(seeds + problems - left))
    freedom = (seeds + problems - left) ** 2 / (seeds**2 + problems**2 / 2 + left**2 / 2)
    t = found.difference.value / found.stderr
    assert found.p == pytest.approx(2 * stats.t.sf(t, freedom))
    assert "2 seeds" in found.test


def test_a_released_model_stands_against_every_seed() -> None:
    ours = np.array([[2, 1, 2, 0], [1, 1, 1, 2]])
    assert paired(ours, 2, row(1, 1, 0, 1), 2) == paired(ours, 2, row(1, 1, 0, 1).repeat(2, 0), 2)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (np.ones((2, 4), int), np.ones((3, 4), int), "make no pairs"),
        (np.ones((1, 4), int), np.ones((1, 5), int), "same problems"),
        (np.ones((1, 0), int), np.ones((1, 0), int), "same problems"),
    ],
)
def test_what_is_no_pair_is_refused(ours: np.ndarray, theirs: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        paired(ours, 1, theirs, 1)


@pytest.mark.parametrize(("k", "seeds"), [(1, 1), (8, 1), (4, 5)])
def test_the_interval_holds_no_difference_as_often_as_it_says(k: int, seeds: int) -> None:
    """40 problems of very different difficulty; training adds a shift of its own to every seed."""
    rng, held, n = np.random.default_rng(k), 0, 400
    for _ in range(n):
        p = rng.beta(0.5, 0.5, 40)
        sides = [
            rng.binomial(k, np.clip(p + rng.normal(0, 0.03, (seeds, 1)) * (seeds > 1), 0, 1))
            for _ in range(2)
        ]
        found = paired(sides[0], k, sides[1], k)
        held += found.difference.low <= 0 <= found.difference.high
    assert 0.92 <= held / n <= 0.995


def test_the_error_of_an_accuracy_is_over_questions() -> None:
    counts = np.array([4, 0, 2, 4, 4, 0])
    found, error = accuracy(counts, 4)
    assert found.value == pytest.approx(14 / 24)
    assert error == pytest.approx((counts / 4).std(ddof=1) / math.sqrt(6))
    shrunk = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 5)) ** 2
    answers = found.value * (1 - found.value) / error**2 * shrunk
    low = stats.beta.ppf(0.025, found.value * answers + 0.5, (1 - found.value) * answers + 0.5)
    assert found.low == pytest.approx(low)


def test_all_right_is_jeffreys_interval_of_as_many_answers() -> None:
    found, error = accuracy(np.full(24, 8), 8)
    assert (found.value, found.high, error) == (1, 1, 0)
    assert found.low == pytest.approx(stats.beta.ppf(0.025, 24.5, 0.5))
    assert accuracy(np.zeros(24, int), 8)[0].low == 0


def test_pass_at_k_is_one_less_the_chance_of_none() -> None:
    curve = pass_at(np.array([3, 0]), 12)
    assert list(curve) == [1, 2, 4, 8, 12]
    assert curve[2][0] == pytest.approx((1 - math.comb(9, 2) / math.comb(12, 2)) / 2)
    assert curve[12] == (0.5, 0.5)
    assert pass_at(np.array([2]), 4, [3])[3][0] == 1


def test_a_problem_is_learned_where_it_stays_so() -> None:
    steps = np.array([0.0, 10, 20, 30])
    correct = np.array([[0, 4, 0, 2], [4, 4, 0, 1], [1, 4, 0, 2], [2, 4, 1, 4]])
    assert learned_at(steps, correct, 4).tolist() == [30, 0, np.inf, 20]


@pytest.mark.filterwarnings("error")
def test_one_problem_has_no_error_and_two_have_one() -> None:
    assert np.isnan(error(np.array([3]), 4))
    assert error(np.array([1, 3]), 4) == pytest.approx(0.25)
    value, spread = pass_at(np.array([2]), 4)[1]
    assert value == 0.5
    assert np.isnan(spread)
    assert pass_at(np.array([1, 3]), 4)[1] == pytest.approx((0.5, 0.25))
    assert list(pass_at(np.array([1]), 8)) == [1, 2, 4, 8]
    assert list(pass_at(np.array([1]), 1)) == [1]


def test_some_right_of_all_has_two_open_ends_and_all_alike_counts_each_problem_once() -> None:
    found, spread = accuracy(np.array([2, 2, 2]), 4)
    assert (found.value, spread, found.n) == (0.5, 0, 3)
    assert (found.low, found.high) == pytest.approx(stats.beta.ppf((0.025, 0.975), 2, 2))
    assert found.method == "Jeffreys, effective answers"
    some = accuracy(np.array([0, 0, 1]), 4)[0]
    assert 0 < some.low < some.value < some.high < 1
    assert accuracy(np.array([4, 4, 4]), 4)[0].high == 1


def test_another_k_is_read_by_student_and_one_seed_is_not_named() -> None:
    """Gaps of 1/2, 0 and 1/4; a half problem weighs a half, the larger of 1/2 and 1/4."""
    found = paired(row(2, 1, 2), 2, row(2, 2, 3), 4)
    assert found.test == "Student over problems"
    assert (found.ours, found.theirs) == pytest.approx((5 / 6, 7 / 12))
    assert found.difference.value == pytest.approx(0.25)
    variance = (0.25 + 0.0625 + 0.5 - 0.75**2 / 5) / 25
    assert found.stderr == pytest.approx(math.sqrt(variance))
    assert found.p == pytest.approx(2 * stats.t.sf(0.25 / math.sqrt(variance), 2))
    assert (found.better, found.worse) == (2, 0)
    same = paired(row(2, 1, 2), 2, row(1, 2, 0), 2)
    assert same.test == "exact sign-flip over problems"
    assert (same.better, same.worse) == (2, 1)


def test_an_interval_ends_where_differences_do() -> None:
    found = paired(row(1, 1), 1, row(0, 0), 1)
    assert (found.difference.value, found.difference.high) == (1, 1)
    turned = paired(row(0, 0), 1, row(1, 1), 1)
    assert (turned.difference.value, turned.difference.low) == (-1, -1)
    lone = paired(row(1), 1, row(0), 1)
    assert (lone.difference.n, lone.p) == (1, 1)


def test_seeds_that_differ_more_than_chance_set_the_error() -> None:
    """Seed means 0 and 1 on two problems alike: the variance is theirs, ½ / 2."""
    found = paired(np.array([[0, 0], [1, 1]]), 1, np.zeros((2, 2), int), 1)
    problems = (2 * 0.25 + 0.5 - 1 / 4) / 16
    assert found.stderr == pytest.approx(math.sqrt(0.25 + problems))
    freedom = (0.25 + problems) ** 2 / (0.25**2 + problems**2)
    assert found.p == pytest.approx(2 * stats.t.sf(0.5 / found.stderr, freedom))


def test_the_first_evaluation_may_be_the_one_and_half_is_enough() -> None:
    steps = np.array([0.0, 10])
    assert learned_at(steps, np.array([[2, 1, 3], [2, 2, 1]]), 4).tolist() == [0, 10, np.inf]
    assert learned_at(steps, np.array([[2, 4], [3, 3]]), 4, share=0.75).tolist() == [10, 0]
    assert learned_at(steps, np.array([[3], [3]]), 10, share=0.3).tolist() == [0]


def test_a_share_is_met_but_for_rounding() -> None:
    step, right = np.array([0.0]), np.array([[1]])
    assert learned_at(step, right, 1, share=1 + 0.9e-9).tolist() == [0]
    assert learned_at(step, right, 1, share=1 + 1.1e-9).tolist() == [np.inf]


def test_the_variance_of_two_seeds_on_two_problems_by_hand() -> None:
    """Gaps of 1, 0 and 0, 0: means ½, 0 over seeds and ½, 0 over problems."""
    variance, freedom = _variance(np.array([[1.0, 0.0], [0.0, 0.0]]), 0.5)
    problems = (0.25 + 0.25 - 0.25 / 4) / 16
    by_seed = 0.125 / 2
    left = 4 * 0.0625 / 4  # each cell is a quarter off the sum of its row and column
    assert variance == pytest.approx(max(by_seed + problems - left, by_seed, problems))
    parts = by_seed**2 + problems**2 + left**2
    assert freedom == pytest.approx(variance**2 / parts)
    assert _variance(np.array([[1.0, 0.0]]), 0.5)[1] == 1
    assert _variance(np.array([[1.0]]), 0.5)[1] == 1
    assert _variance(np.array([[1.0, 0.0, 0.0]]), 0.5)[1] == 2
