"""One pair of arms at a target, from runs made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.contrast import (
    Contrast,
    _at,
    _filled,
    contrast,
    paired_curves,
)
from srpo_bench.results.statistics.speed import QUANTILE, Curves, Goal
from tests.results.made import comparison, run

HALF = Goal(level=0.5)


def rising(arm: str, seed: int, pace: float, evaluations: int = 11, **more: object) -> Run:
    """0 to 1 in a straight line of so much an evaluation, ten steps apart, then flat."""
    accuracy = np.minimum(np.arange(evaluations) * pace, 1.0)
    return run(arm, seed, accuracy.tolist(), **more)  # type: ignore[arg-type]


def pairs(n: int = 3, **plan: object) -> Comparison:
    """grpo is at a half at step 50, srpo at 25."""
    runs = [rising(arm, s, pace) for s in range(1, n + 1)
            for arm, pace in (("grpo", 0.1), ("srpo", 0.2))]  # fmt: skip
    return comparison(*runs, **plan)


def asked(found: Comparison, goal: Goal = HALF) -> Contrast:
    return contrast(found, "srpo", "grpo", goal)


def test_both_cross_where_their_lines_meet_the_level() -> None:
    found = asked(pairs())
    assert (found.n, found.seeds, found.open_pairs) == (3, (1, 2, 3), ())
    assert found.steps is not None
    assert (found.steps.challenger, found.steps.baseline) == pytest.approx((25, 50), abs=1e-3)
    assert found.ratio.value == pytest.approx(0.5, abs=1e-4)
    assert (found.ratio.n, found.ratio.method) == (3, "mean curves")
    assert found.reached == (3, 3)
    assert (found.baseline_share, found.target, found.bound) == (1, 0.5, "")
    assert list(found.axes) == ["steps"]
    assert found.steps.p == found.steps.p_against(1.0)


def test_one_pair_has_a_ratio_and_no_interval_and_two_have_one() -> None:
    assert not asked(pairs(1)).ratio.has_interval
    assert asked(pairs(2)).ratio.has_interval


def test_without_a_pair_there_is_nothing() -> None:
    found = asked(comparison(rising("grpo", 1, 0.1)))
    assert (found.n, found.axes, found.reached, found.bound) == (0, {}, (0, 0), "")
    assert (found.ratio.n, found.ratio.method) == (0, "none")
    assert np.isnan([found.ratio.value, found.target, found.baseline_share]).all()
    assert found.steps is None


@pytest.mark.parametrize(("base", "level"), [(0.5, 0.4), (0.5, 0.5), (0.6, None)])
def test_where_the_baseline_starts_at_the_target_there_are_no_steps_to_count(
    base: float, level: float | None
) -> None:
    """It read "as many (100.00 % fewer to as many)", to a level below the base or to nine tenths of
    a gain of less than nothing."""
    runs = [run(arm, s, [base, end - s / 100, end])
            for s in (1, 2, 3) for arm, end in (("grpo", 0.52), ("srpo", 0.3))]  # fmt: skip
    found = asked(comparison(*runs), Goal(level=level))
    assert found.steps is not None
    assert (found.steps.ratio.n, found.ratio.has_interval, found.bound) == (0, False, "")
    assert np.isnan([found.ratio.value, found.steps.p, found.baseline_steps]).all()
    above = asked(comparison(*runs), Goal(level=0.51))
    assert above.ratio.n == (3 if base < 0.51 else 0)


@pytest.mark.parametrize(
    ("level", "ours", "theirs", "way", "said"),
    [
        (0.5, 0.2, 0.1, "", ""),
        (0.5, 0.01, 0.1, "lower", "a lower bound: srpo's mean curve does not reach the target"),
        (0.5, 0.1, 0.01, "upper", "an upper bound: grpo's mean curve does not reach the target"),
        (
            0.5,
            0.01,
            0.02,
            "neither",
            "a ratio within the budget only: neither mean curve reaches the target",
        ),
    ],
)
def test_an_arm_that_does_not_arrive_makes_a_bound(
    level: float, ours: float, theirs: float, way: str, said: str
) -> None:
    found = asked(comparison(rising("grpo", 1, theirs), rising("srpo", 1, ours)), Goal(level=level))
    assert found.steps is not None
    assert (found.steps.bound, found.bound) == (way, said)
    assert found.reached == (int(ours > 0.04), int(theirs > 0.04))


def test_runs_that_are_absent_failed_or_hardly_begun_are_open() -> None:
    whole = pairs(3)
    more = [
        rising("grpo", 4, 0.1),  # srpo's is absent
        rising("grpo", 5, 0.1, state="failed"),
        rising("srpo", 5, 0.2),
        rising("grpo", 6, 0.1, evaluations=1),
        rising("srpo", 6, 0.2, evaluations=2),
    ]
    found = asked(comparison(*whole.runs, *more, seeds=[1, 2, 3, 7]))
    assert found.seeds == (1, 2, 3)
    assert found.open_pairs == (
        "srpo/seed-4", "grpo/seed-5", "grpo/seed-6", "srpo/seed-7", "grpo/seed-7",
    )  # fmt: skip
    assert found.baseline_share == 4 / 7  # of seven seeds, 1 to 4 are known to arrive


def test_open_runs_stand_at_their_worst_and_at_their_best() -> None:
    """Of four pairs one challenger is gone. At worst it stays at the others' start, 0, and at best
    it soars to 1 after it."""
    found = asked(comparison(*pairs(3).runs, rising("grpo", 4, 0.1)))
    assert found.steps is not None
    assert found.steps.extremes is not None
    bad, good = found.steps.extremes
    assert [int(x.speed.pairs) for x in (bad, good)] == [4, 4]
    assert bad.arrived[0].tolist() == [True, True, True, False]
    assert good.arrived[0].all()
    assert good.final.tolist() == pytest.approx([0.05, 0.05, 0.05, 0.05])
    assert bad.final[3] == pytest.approx(-0.95)
    assert asked(pairs(3)).steps.extremes is None  # type: ignore[union-attr]


def test_an_open_baseline_is_as_good_as_can_be_at_the_challengers_worst() -> None:
    """It was seen up to step 20, at 0.2, and is put on from there."""
    seen = rising("grpo", 4, 0.1, evaluations=3, state="failed")
    found = asked(comparison(*pairs(3).runs, seen, rising("srpo", 4, 0.2)))
    assert found.steps is not None
    assert found.steps.extremes is not None
    bad, good = found.steps.extremes
    assert bad.arrived[1].tolist() == [True] * 4
    assert good.arrived[1].tolist() == [True, True, True, False]
    assert good.final[3] == pytest.approx(1)  # at worst it falls back to the start, 0
    assert bad.final[3] == pytest.approx(0)


def test_costs_of_an_axis_are_read_where_all_know_it() -> None:
    """srpo's steps cost three tokens each, grpo's one; one run counts no responses."""
    step = np.arange(11) * 10.0
    known = {"tokens": step.tolist(), "responses": step.tolist()}
    runs = [
        rising("grpo", 1, 0.1, spent=known),
        rising("grpo", 2, 0.1, spent={"tokens": step.tolist()}),
        rising("srpo", 1, 0.2, spent={n: (3 * step).tolist() for n in known}),
        rising("srpo", 2, 0.2, spent={n: (3 * step).tolist() for n in known}),
    ]
    found = contrast(comparison(*runs), "srpo", "grpo", HALF, ("tokens", "responses"))
    assert list(found.axes) == ["steps", "tokens"]
    assert found.axes["tokens"].ratio.value == pytest.approx(1.5, abs=1e-3)
    assert found.axes["tokens"].challenger == pytest.approx(75, abs=1e-2)
    made = paired_curves(comparison(*runs), found, "tokens")
    assert made is not None
    assert made[0].spent is not None
    assert made[0].spent.tolist() == [(3 * step).tolist()] * 2
    assert paired_curves(comparison(*runs), found, "responses") is None
    assert paired_curves(comparison(), asked(comparison()), "steps") is None


def test_totals_that_fall_or_are_not_numbers_are_no_axis_and_never_fall() -> None:
    step = np.arange(11) * 10.0
    dips = step.copy()
    dips[5] = 0
    broken = step.copy()
    broken[3] = np.inf
    for tokens, there in ((dips, True), (broken, False)):
        runs = [rising(a, 1, 0.1, spent={"tokens": tokens.tolist()}) for a in ("grpo", "srpo")]
        found = contrast(comparison(*runs), "srpo", "grpo", HALF, ("tokens",))
        assert ("tokens" in found.axes) is there
        if there:
            made = paired_curves(comparison(*runs), found, "tokens")
            assert made is not None
            assert made[0].spent is not None
            assert made[0].spent[0][4:7].tolist() == [40, 40, 60]


def test_curves_stand_at_every_step_that_all_runs_cover() -> None:
    """From the latest first to the earliest last: 5 … 20; in between by the curve."""
    runs = [
        run("grpo", 1, (0.0, 0.1, 0.2), step=(0, 10, 20)),
        run("grpo", 2, (0.05, 0.15, 0.25), step=(5, 15, 25)),
        run("srpo", 1, (0.0, 0.1, 0.2), step=(0, 10, 20)),
        run("srpo", 2, (0.0, 0.1, 0.2), step=(0, 10, 20)),
    ]
    found = contrast(comparison(*runs), "srpo", "grpo", Goal(level=0.12))
    made = paired_curves(comparison(*runs), found, "steps")
    assert made is not None
    assert made[1].step.tolist() == [5, 10, 15, 20]
    assert made[1].accuracy == pytest.approx(np.array([[0.05, 0.1, 0.15, 0.2]] * 2))
    assert made[0].step.tolist() == [0, 10, 20]


def test_the_quantile_is_the_usual_one_or_that_of_a_further_look() -> None:
    usual = asked(pairs(3))
    assert usual.quantile == QUANTILE
    assert usual.alpha == pytest.approx(0.04)
    added = [{"seeds": [9, 10], "arms": [], "runs_seen": 16}]
    plan = {"seeds": list(range(1, 11)), "arms": [{"arm": "grpo"}, {"arm": "srpo"}]}
    again = asked(pairs(10, **plan, added=added))
    assert again.first_look == 8
    assert again.quantile > QUANTILE
    assert again.alpha == pytest.approx(2 * (1 - again.quantile))


def test_an_axis_that_either_arm_does_not_know_is_not_compared() -> None:
    for knows in ("srpo", "grpo"):
        runs = [
            run(arm, seed, (0.2, 0.8), 10, spent={"tokens": (0, 5)} if arm == knows else None)
            for arm in ("grpo", "srpo")
            for seed in (1, 2)
        ]
        found = contrast(comparison(*runs), "srpo", "grpo", HALF, ("tokens",))
        assert list(found.axes) == ["steps"]


@pytest.mark.parametrize(("first", "compared"), [(20, True), (21, False)])
def test_a_challenger_that_is_first_evaluated_when_the_baseline_ends_is_compared(
    first: int, compared: bool
) -> None:
    late = run("srpo", 1, (0.2, 0.8, 0.9), step=(first, first + 10, first + 20))
    found = asked(comparison(run("grpo", 1, (0.0, 0.4, 0.9)), late))
    assert (found.steps is not None) is compared


def test_a_total_that_is_nothing_until_the_end_is_known() -> None:
    seconds = [0.0] * 10 + [0.5]
    runs = [rising(arm, 1, 0.1, spent={"seconds": seconds}) for arm in ("grpo", "srpo")]
    assert "seconds" in contrast(comparison(*runs), "srpo", "grpo", HALF, ("seconds",)).axes


def test_a_curve_is_read_where_it_is_wanted() -> None:
    step, accuracy = np.array([0.0, 10]), np.array([0.0, 1])
    assert _at(step, accuracy, step) is accuracy
    assert _at(step, accuracy, np.array([5.0, 10])).tolist() == [0.5, 1]
    assert _at(step, accuracy, np.array([2.5, 5])).tolist() == [0.25, 0.5]


def test_an_open_run_stands_as_it_was_seen_and_then_falls_back_or_soars() -> None:
    """Of three seeds one was seen up to step 10 and one never; each costs what the first does."""
    step = np.arange(4) * 10.0
    whole = np.array([[0.0, 0.4, 0.6, 0.8]])
    known = Curves(step, whole, np.array([[0.0, 3, 5, 7]]), 0.01)
    seen = {2: run("srpo", 2, (0.1, 0.2))}
    falls = _filled(known, seen, (1, 2, 3), (1,), None)
    assert falls.accuracy.tolist() == [[0, 0.4, 0.6, 0.8], [0.1, 0.2, 0, 0], [0, 0, 0, 0]]
    high = replace(known, accuracy=whole + 0.3)  # who is below the start already stays there
    lower = _filled(high, seen, (1, 2), (1,), None)
    assert lower.accuracy[1].tolist() == [0.1, 0.2, 0.2, 0.2]
    soars = _filled(known, seen, (1, 2, 3), (1,), 0.9)
    assert soars.accuracy.tolist() == [[0, 0.4, 0.6, 0.8], [0.1, 0.2, 0.9, 0.9], [0, *[0.9] * 3]]
    assert falls.spent is not None
    assert falls.spent.tolist() == [[0, 3, 5, 7]] * 3
    assert (falls.step.tolist(), falls.error) == (step.tolist(), 0.01)
    late = {2: run("srpo", 2, (0.5, 0.6), step=(-20, -10))}  # nothing of it was seen from step 0 on
    assert _filled(known, late, (1, 2), (1,), None).accuracy[1].tolist() == [0, 0, 0, 0]
