import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from srpo_bench.results.statistics.inference import (
    bca_ratio,
    equivalence,
    holm,
    mean,
    noninferiority,
    ratio_of_means,
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


def test_the_ratio_is_that_of_the_means() -> None:
    assert ratio_of_means(C, B).value == C.mean() / B.mean()


def test_the_interval_is_the_delta_methods() -> None:
    # By hand: var(log c̄ − log b̄) from the sample covariance matrix.
    cov = np.cov(C, B) / len(C)
    g = np.array([1 / C.mean(), -1 / B.mean()])
    half = stats.t.ppf(0.975, 7) * np.sqrt(g @ cov @ g)
    found = ratio_of_means(C, B)
    expected = found.value * np.exp([-half, half])
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_swapping_the_arms_inverts_the_interval() -> None:
    one, other = ratio_of_means(C, B), ratio_of_means(B, C)
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low))


def test_one_pair_has_no_interval() -> None:
    assert not ratio_of_means(C[:1], B[:1]).has_interval
    assert not mean(C[:1]).has_interval


def test_pairs_all_alike_have_an_interval_of_no_width() -> None:
    found = ratio_of_means(0.5 * B, B)
    assert (found.low, found.high, found.method) == (0.5, 0.5, "no spread")


def test_bca_is_scipys_and_falls_back_to_percentile() -> None:
    found = bca_ratio(C, B)
    assert found.method == "BCa"
    assert found.low < found.value < found.high
    assert bca_ratio(0.5 * B, B).method in ("BCa", "percentile")


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


def test_bca_of_pairs_all_alike_has_no_width_and_is_finite() -> None:
    found = bca_ratio(0.5 * B, B)
    assert (found.low, found.value, found.high) == pytest.approx((0.5, 0.5, 0.5))


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
