from fractions import Fraction
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq, isotonic_regression

from srpo_bench.results.statistics.curves import (
    _block_after,
    _block_before,
    _bracket_slopes,
    crossing,
    leave_one_out,
    reaches,
    value_at,
)
from tests.examples import examples


def pools(right: list[Fraction]) -> list[list[Fraction]]:
    """Pool adjacent violators, in exact fractions: only where the curve falls."""
    blocks: list[list[Fraction]] = []
    for value in right:
        blocks.append([value])
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return blocks


def by_the_book(step: np.ndarray, right: list[Fraction], level: float) -> float:
    """The same crossing the long way: pooled by hand, scipy's PCHIP and root finder."""
    blocks = pools(right)
    values = np.array([float(mean(block)) for block in blocks])
    centres = [part.mean() for part in np.split(step, np.cumsum([len(b) for b in blocks])[:-1])]
    above = values >= level - 1e-9
    if not above.any():
        return np.nan
    if above[0]:
        return float(step[0])
    i = int(np.argmax(above))
    through = PchipInterpolator(centres, values)
    return brentq(lambda s: through(s) - level + 1e-9, centres[i - 1], centres[i], xtol=1e-12)


curves = st.lists(st.integers(0, 24), min_size=3, max_size=30)


@examples(300)
@given(curves, st.integers(0, 96), st.randoms(use_true_random=False))
def test_the_crossing_is_that_of_pooled_blocks_and_equal_ones_stay_apart(
    right, level, random
) -> None:
    step = np.cumsum([0, *(random.choice([1, 2, 5, 20]) for _ in right[1:])]).astype(float)
    exact = [Fraction(n, 24) for n in right]
    assert isotonic_regression(right).x == pytest.approx(
        [24 * float(mean(block)) for block in pools(exact) for _ in block]
    )
    curve = np.array(right) / 24
    at, low, high = crossing(step, curve, level / 96 + 1e-4)
    expected = by_the_book(step, exact, level / 96 + 1e-4)
    assert at == pytest.approx(expected, abs=1e-5, nan_ok=True)
    assert bool(reaches(curve, level / 96 + 1e-4)) == bool(np.isfinite(expected))
    if np.isfinite(expected):
        assert low <= at <= high


def test_replicates_whose_means_are_equal_but_for_rounding_are_read_as_equal() -> None:
    """Means without a run are sums less a run, so that equal ones differ in their last bit."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        n, steps, k = rng.integers(3, 9), np.arange(14) * 5.0, int(rng.choice([6, 24]))
        right = rng.binomial(k, np.linspace(0.2, 0.9, 14), (n, 14))
        level = float(rng.integers(30, 85)) / 100 + 1e-4
        found = crossing(steps, leave_one_out(right / k)[1:], level)[0]
        sums = [right.sum(0) - one for one in right]
        exact = [[Fraction(int(s), int(k * (n - 1))) for s in row] for row in sums]
        expected = [by_the_book(steps, row, level) for row in exact]
        assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(-0.2, 1.2))
def test_between_evaluations_the_curve_is_scipys_pchip(values, where) -> None:
    step = np.arange(len(values)) * 4.0
    at = np.array([where * step[-1]])
    found = value_at(step, np.array(values), at)
    expected = PchipInterpolator(step, values)(np.clip(at, 0, step[-1]))
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_curve_that_rises_and_collapses_has_not_arrived() -> None:
    step, curve = np.arange(8) * 10.0, np.array([0, 0.5, 0.9, 0.9, 0.2, 0.1, 0.1, 0.1])
    assert np.isnan(crossing(step, curve, 0.8)[0])
    assert not reaches(curve, 0.8)


def test_one_dip_moves_the_crossing_to_the_centre_of_its_block() -> None:
    """0, .4, (.6, .4), .8: the block stands at its centre, 25, with the mean .5."""
    found = crossing(np.arange(5) * 10.0, np.array([0, 0.4, 0.6, 0.4, 0.8]), 0.5)
    assert [float(x) for x in found] == pytest.approx([25, 10, 25], abs=1e-6)


def test_on_a_straight_curve_the_crossing_is_where_the_line_meets_the_level() -> None:
    at, low, high = crossing(np.arange(5) * 10.0, np.array([0.1, 0.3, 0.5, 0.7, 0.9]), 0.4)
    assert (at, low, high) == pytest.approx((15, 10, 20))


def test_a_curve_that_begins_at_the_level_crosses_at_its_first_step() -> None:
    assert crossing(np.array([5.0, 10]), np.array([0.7, 0.9]), 0.7)[0] == 5


def test_an_evaluation_that_equals_the_level_has_reached_it() -> None:
    """The curve and target on which a root finder once failed, and thirds of tenths that round."""
    step = np.array([0.0, 19, 34, 42, 44, 57])
    curve = np.array([0.089, 0.407, 0.646, 0.947, 0.954, 0.954])
    assert crossing(step, curve, 0.407)[0] == pytest.approx(19, abs=1e-5)
    rounded = np.array([0, 0.7 - 2e-16, 0.9])
    assert crossing(np.arange(3) * 1.0, rounded, 0.7)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("budget", [5, 100])
def test_a_plateau_of_equal_values_does_not_draw_the_crossing_towards_its_middle(budget) -> None:
    curve = np.array([0.2, 0.5, *[1.0] * budget])
    assert crossing(np.arange(budget + 2) * 1.0, curve, 0.9)[0] < 2


def test_batches_are_their_members_one_by_one() -> None:
    rng = np.random.default_rng(3)
    step = np.array([0.0, 1, 2, 4, 8, 16, 32])
    many = rng.normal(np.linspace(0, 1, 7), 0.2, (4, 5, 7))
    level = rng.uniform(0.3, 0.9, (4, 5))
    whole = crossing(step, many, level)[0]
    one = [[crossing(step, many[i, j], level[i, j])[0] for j in range(5)] for i in range(4)]
    np.testing.assert_allclose(whole, one)


def test_leaving_one_out_by_hand() -> None:
    found = leave_one_out(np.array([[1.0, 10], [2, 20], [6, 60]]))
    assert found.tolist() == [[3, 30], [4, 40], [3.5, 35], [1.5, 15]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("level", [np.nan, np.inf, -np.inf])
def test_without_a_level_there_is_no_crossing(level: float) -> None:
    curve = np.array([[0.1, 0.5, 0.9]])
    at, low, high = crossing(np.array([0.0, 10.0, 20.0]), curve, level)
    assert np.isnan([at, low, high]).all()
    assert not reaches(curve, level).any()


def test_a_curve_reaches_a_level_a_billionth_before_it_is_there() -> None:
    """A slope of 0.02 a step: 5e-8 steps before."""
    at, *_ = crossing(np.arange(5) * 10.0, np.array([0.1, 0.3, 0.5, 0.7, 0.9]), 0.4)
    assert float(at) == pytest.approx(15 - 5e-8, abs=1e-9)


def test_blocks_of_equal_fit_by_hand() -> None:
    """3, 1, 2, 5: means of what follows are 3, 2, 2, 2¾, and from the second on 1, 1½, 2⅔; of what
    precedes the end 5, 3½, 2⅔, 2¾. 1, 4, 2: before its end 2, 3, 2⅓."""
    value = np.array([[0.0, 3, 4, 6, 11]] * 3)
    assert _block_after(value, np.array([0, 1, 4])).tolist() == [2, 2, 4]
    assert _block_before(value, np.array([4, 3, 0])).tolist() == [3, 2, 0]
    assert _block_before(np.array([[0.0, 1, 5, 7]]), np.array([3])).tolist() == [1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("first", "last"), [(0, 4), (1, 4), (0, 3), (1, 3)])
def test_slopes_of_a_bracket_are_scipys_whichever_outer_points_are_missing(first, last) -> None:
    x, y = np.array([0.0, 1, 3, 3.5]), np.array([0.0, 0.1, 0.5, 0.7])
    expected = PchipInterpolator(x[first:last], y[first:last]).derivative()(x[1:3])
    there = (np.arange(4) >= first) & (np.arange(4) < last)
    found = _bracket_slopes(*(np.where(there, z, np.nan)[:, None] for z in (x, y)))
    assert [float(d[0]) for d in found] == pytest.approx(list(expected))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_between_uneven_steps_curves_of_either_direction_are_scipys_too(k) -> None:
    step = np.array([0.0, 1, 4, 5, 11, 13, 20])[:k]
    values = np.array([[0.1, 0.2, 0.9, 0.3, 0.35, 0.35, 0.8], [0.9, 0.5, 0.45, 0.4, 0.1, 0.2, 0.0]])
    at = np.linspace(-1, 21, 45)
    found = value_at(step, values[:, :k], np.tile(at, (2, 1)))
    inside = np.clip(at, 0, step[-1])
    for row, curve in zip(found, values[:, :k], strict=True):
        expected = PchipInterpolator(step, curve)(inside) if k > 1 else np.full(45, curve[0])
        assert row == pytest.approx(expected, abs=1e-12)
