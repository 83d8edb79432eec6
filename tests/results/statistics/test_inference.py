import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from srpo_bench.results.statistics.inference import (
    Estimate,
    bounds,
    differs,
    equivalence,
    half_width,
    holm,
    mean,
    noninferiority,
    of,
    share,
    sign_flip,
)

RNG = np.random.default_rng(7)
C = np.array([20.0, 31, 18, 25, 22, 28, 19, 24])
B = np.array([50.0, 61, 44, 49, 52, 66, 40, 55])


@pytest.mark.parametrize("n", [2, 5, 9, 12])
def test_sign_flip_is_scipys_exact_permutation_test(n: int) -> None:
    d = RNG.normal(0.6, 1, n).round(1)  # rounding makes ties
    theirs = stats.permutation_test(
        (d,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    ).pvalue
    assert sign_flip(d) == pytest.approx(theirs)


def test_the_smallest_p_of_five_pairs_is_above_five_percent_and_of_eight_below() -> None:
    assert sign_flip(np.ones(5)) == 2 / 2**5
    assert sign_flip(np.ones(8)) == 2 / 2**8


def test_sign_flip_of_no_difference_is_one() -> None:
    assert sign_flip(np.zeros(4)) == 1
    assert sign_flip(np.array([0.1, 0.2, -0.3])) == 1


def test_many_pairs_agree_with_the_exact_count() -> None:
    d = np.random.default_rng(1).normal(0.3, 1, 32)
    assert sign_flip(np.append(d, 0.0)) == sign_flip(d)
    assert sign_flip(np.append(d, 1e-9)) == pytest.approx(sign_flip(d), abs=0.02)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=10))
def test_sign_flip_is_a_probability_that_ignores_direction(values: list[float]) -> None:
    d = np.array(values)
    assert 0 < sign_flip(d) <= 1
    assert sign_flip(d) == pytest.approx(sign_flip(-d))


def test_holm_steps_down_and_never_falls() -> None:
    # 0.01·4, then the running maximum of 0.02·3, 0.03·2 and 0.04·1; NaN is no member
    p = np.array([0.03, 0.01, np.nan, 0.04, 0.02])
    np.testing.assert_allclose(holm(p), [0.06, 0.04, np.nan, 0.06, 0.06])
    assert holm(np.array([0.7, 0.9])).tolist() == [1.0, 1.0]


def test_one_pair_has_no_interval() -> None:
    assert not mean(C[:1]).has_interval


def test_the_mean_has_students_interval() -> None:
    theirs = stats.t.interval(0.95, 7, C.mean(), stats.sem(C))
    assert (mean(C).low, mean(C).high) == pytest.approx(theirs)


def test_equivalence_is_two_one_sided_tests() -> None:
    d = np.array([0.002, -0.004, 0.001, 0.003, -0.002, 0.0, 0.001, -0.001])
    result = equivalence(d, 0.01)
    lower = stats.ttest_1samp(d, -0.01, alternative="greater").pvalue
    upper = stats.ttest_1samp(d, 0.01, alternative="less").pvalue
    assert result.p == pytest.approx(max(lower, upper))
    assert result.established
    assert not equivalence(d + 0.011, 0.01).established


def test_noninferiority_agrees_with_its_interval() -> None:
    d = np.array([-0.004, 0.01, 0.002, -0.006, 0.003, 0.001, -0.002, 0.004])
    for margin in (0.001, 0.003, 0.006, 0.02):
        result = noninferiority(d, margin)
        assert result.established == (result.difference.low > -margin)


def test_beyond_the_exact_count_p_is_scipys_by_resampling() -> None:
    d = np.random.default_rng(2).normal(0.25, 1, 40)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(3)
    ).pvalue
    assert 0.01 < theirs < 0.5
    assert sign_flip(d) == pytest.approx(theirs, abs=0.02)


def test_the_margin_of_noninferiority_lies_below() -> None:
    worse, better = np.linspace(-0.03, -0.02, 8), np.linspace(0.02, 0.03, 8)
    assert not noninferiority(worse, 0.01).established
    assert noninferiority(better, 0.01).established
    assert noninferiority(worse, 0.04).established


def test_noninferiority_is_at_two_and_a_half_percent_and_equivalence_at_five() -> None:
    d = np.array([-1.0, 1, -1, 1, -1, 1, -1, 1]) / 100
    level = {p: stats.t.ppf(1 - p, 7) * stats.sem(d) for p in (0.02, 0.03, 0.04, 0.06)}
    assert noninferiority(d, level[0.02]).established
    assert not noninferiority(d, level[0.03]).established
    assert equivalence(d, level[0.04]).established
    assert not equivalence(d, level[0.06]).established


def test_seeds_that_are_alike_are_not_certainty() -> None:
    """Eight seeds, all right in both arms: no spread, but the answers' own error stays."""
    assert equivalence(np.zeros(8), 0.01).established
    assert not equivalence(np.zeros(8), 0.01, floor=0.01**2).established
    assert not noninferiority(np.zeros(8), 0.01, floor=0.01**2).established
    found = mean(np.zeros(8), floor=0.01**2)
    assert (found.low, found.high) == pytest.approx((-0.0196, 0.0196), abs=1e-4)


def test_a_floor_does_not_narrow_what_spreads_more() -> None:
    assert mean(C, floor=1e-6) == mean(C)


def test_shares_end_at_nothing_and_at_all() -> None:
    found = share(np.array([0.99, 1, 1, 1, 0.97, 1, 1, 1]))
    assert found.high == 1
    assert 0.97 < found.low < found.value
    assert share(np.full(8, 0.0), floor=0.02**2).low == 0


@pytest.mark.parametrize(("count", "n"), [(0, 8), (3, 10), (8, 8)])
def test_a_counted_share_has_scipys_exact_interval(count: int, n: int) -> None:
    theirs = stats.binomtest(count, n).proportion_ci(method="exact")
    assert (of(count, n).low, of(count, n).high) == pytest.approx((theirs.low, theirs.high))


def test_the_p_of_a_difference_is_scipys() -> None:
    assert differs(C - B) == pytest.approx(stats.ttest_rel(C, B).pvalue)
    assert differs(C - C.mean()) == pytest.approx(1)


def test_what_never_differs_is_no_difference_and_what_always_does_is_one() -> None:
    """Without any spread Student's t says nothing, and the sign says all."""
    assert differs(np.zeros(5)) == 1
    assert differs(np.full(5, 0.25)) == differs(np.full(5, -0.25)) == 0


def test_sign_flips_are_counted_up_to_32_pairs_and_drawn_beyond() -> None:
    assert sign_flip(np.ones(32)) == pytest.approx(2 / 2**32)
    assert sign_flip(np.ones(33)) == 1 / 10_000


def test_one_end_alone_is_no_interval() -> None:
    assert not Estimate(0.5, np.nan, 1.0, 8, "t").has_interval
    assert not Estimate(0.5, 0.0, np.nan, 8, "t").has_interval
    assert Estimate(0.5, 0.0, np.inf, 8, "t").has_interval


def test_means_of_nothing_of_one_and_of_two() -> None:
    nothing, one, two = (mean(np.array(values)) for values in ([], [3.0], [1.0, 3.0]))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    assert (nothing.n, nothing.method) == (0, "none")
    assert (one.value, one.n, one.method) == (3, 1, "none")
    half = 12.7062  # t of one degree of freedom, times an error of 1
    assert (two.low, two.value, two.high) == pytest.approx((2 - half, 2, 2 + half), rel=1e-5)
    assert (two.n, two.method) == (2, "t")
    assert half_width(np.array([1.0, 3.0])) == pytest.approx(half, rel=1e-5)
    assert half_width(np.array([1.0, 3.0]), 0.9) == pytest.approx(6.3138, rel=1e-4)
    assert half_width(np.array([2.0, 2.0]), floor=0.25) == pytest.approx(0.98, abs=1e-3)


def test_a_share_has_its_floor_and_both_ends() -> None:
    found = share(np.full(8, 0.5), floor=0.01)
    assert (found.low, found.high) == pytest.approx((0.304, 0.696), abs=1e-3)
    assert share(np.full(8, 0.5)).low == 0.5
    assert share(np.array([0.2, 0.9, 0.1])).low == 0
    assert not share(np.array([0.5])).has_interval


def test_a_count_of_nothing_is_none_and_its_value_is_the_share() -> None:
    nothing = of(0, 0)
    assert (nothing.n, nothing.method, nothing.has_interval) == (0, "none", False)
    assert np.isnan(nothing.value)
    assert (of(3, 10).value, of(3, 10).n, of(3, 10).method) == (0.3, 10, "exact")
    assert (of(0, 8).low, of(8, 8).high) == (0, 1)


def test_the_mean_of_one_is_bounded_by_nothing_and_a_floor_is_read_normally() -> None:
    assert bounds(np.ones((2, 1)), 0.0)[0].tolist() == [-np.inf, -np.inf]
    assert bounds(np.ones((2, 1)), 0.0)[1].tolist() == [np.inf, np.inf]
    low, high = bounds(np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([0.25, 0.25]))
    assert low.tolist() == pytest.approx([1 - 0.98, 2 - 12.7062], rel=1e-3)
    assert high.tolist() == pytest.approx([1 + 0.98, 2 + 12.7062], rel=1e-3)
    assert bounds(np.array([1.0, 3.0]), 0.0, 0.95)[1] == pytest.approx(2 + 6.3138, rel=1e-4)


def test_patterns_beyond_the_exact_count_are_the_same_at_every_call() -> None:
    """Published p values do not move."""
    assert sign_flip(np.arange(40) - 15.0) == 0.0211
    assert sign_flip(np.arange(33) * 0.0 + np.tile([1.0, -1, 3], 11)) < 0.01


def test_equal_sizes_are_as_extreme_whatever_the_last_bit_says() -> None:
    """0.1 + 0.2 is not 0.3: of eight patterns of 0.1, 0.2, 0.3 only two reach 0.6."""
    assert sign_flip(np.array([0.1, 0.2, 0.3])) == 2 / 8
    assert sign_flip(np.array([0.3, 0.3, -0.1, -0.2])) == sign_flip(np.array([3.0, 3, -1, -2]))


def test_the_margins_interval_is_that_of_its_test() -> None:
    d = np.array([0.002, -0.004, 0.001, 0.003, -0.002, 0.0, 0.001, -0.001])
    ninety = stats.t.interval(0.90, 7, d.mean(), stats.sem(d))
    ninety_five = stats.t.interval(0.95, 7, d.mean(), stats.sem(d))
    same = equivalence(d, 0.01)
    assert (same.difference.low, same.difference.high) == pytest.approx(ninety)
    found = noninferiority(d, 0.01)
    assert (found.difference.low, found.difference.high) == pytest.approx(ninety_five)
    assert found.p == pytest.approx(stats.ttest_1samp(d, -0.01, alternative="greater").pvalue)


def test_one_pair_has_no_p_and_a_floor_has_its_own() -> None:
    assert np.isnan(differs(np.array([0.5])))
    assert differs(np.array([0.1, 0.1]), floor=0.05**2) == pytest.approx(0.0455, abs=1e-4)
    two = np.array([0.1, 0.3])
    assert differs(two) == pytest.approx(stats.ttest_1samp(two, 0).pvalue)
    assert differs(two, floor=1e-6) == pytest.approx(stats.ttest_1samp(two, 0).pvalue)


def test_at_a_margin_without_any_spread_nothing_is_shown() -> None:
    assert not noninferiority(np.full(4, -0.25), 0.25).established
    assert noninferiority(np.full(4, -0.25), 0.26).established


def test_sums_are_as_extreme_within_a_part_in_a_million_millions() -> None:
    """2 − δ against 2 + δ: told apart from a sum that is off by more than what sums round."""
    assert sign_flip(np.array([1.0, 1, 1.5e-12])) == 2 / 8
    assert sign_flip(np.array([1.0, 1, 0.5e-12])) == 4 / 8


def test_the_least_that_many_pairs_can_differ_is_no_difference() -> None:
    """Of 33 ones any pattern is at least one away from nothing: all 9,999, and the observed."""
    assert sign_flip(np.array([1.0] * 17 + [-1.0] * 16)) == 1


def test_a_p_at_its_level_is_not_below_it() -> None:
    d = np.array([0.002, -0.004, 0.001, 0.003, -0.002, 0.0, 0.001, -0.001])
    for tested in (equivalence, noninferiority):
        p = tested(d, 0.003).p
        assert not tested(d, 0.003, p).established
        assert tested(d, 0.003, np.nextafter(p, 1)).established


@pytest.mark.filterwarnings("error")
def test_a_p_is_the_larger_of_students_and_the_floors_on_either_side_of_the_margin() -> None:
    assert noninferiority(np.full(4, -0.25), 0.25).p == 1
    below = noninferiority(np.full(4, -0.3), 0.25, floor=0.05**2)
    assert below.p == pytest.approx(stats.norm.cdf(1))
    d = np.array([-0.3, -0.2, -0.28, -0.25])
    student = stats.ttest_1samp(d, -0.2, alternative="greater").pvalue
    assert noninferiority(d, 0.2).p == pytest.approx(student)
