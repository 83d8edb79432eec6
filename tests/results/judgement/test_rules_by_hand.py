"""Every rule of the verdict on either side of its bound, on figures made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from srpo_bench.results.judgement import rules
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.statistics.inference import Estimate
from srpo_bench.results.statistics.inversion import WHOLE, Interval
from srpo_bench.results.statistics.race import MIN_PAIRS
from srpo_bench.results.statistics.steps import Gain
from tests.results.made import comparison, run

PROVED = Matched({}, [], 9)


def ends(low: float, high: float) -> Interval:
    return Interval(np.array(low), np.array(high))


def raced(at: int = -1, /, **changes: Any) -> Any:
    """A race whose two estimators and arrived pairs all lie on a side of 0.1, nothing lost."""
    interval = ends(0.04, 0.06) if at < 0 else ends(0.4, 2)
    one = SimpleNamespace(
        side=lambda _: at, crossing=interval, inversion=interval, pairs=10, ratio=0.5, low=0.4,
        high=0.6,
    )  # fmt: skip
    told = {
        "speed": one,
        "among_arrived": one,
        "side": lambda _: at,
        "collapsed": (False, False),
        "reach": (1.0, 1.0),
        "arrived": (np.ones(10, bool), np.ones(10, bool)),
        "as_good": True,
        "final": np.full(10, 0.01),
        "gain": np.full(10, 0.5),
        "error": 0.0,
    }
    return SimpleNamespace(**told | changes)


def cell(race: Any = None, extremes: Any = None, low: float = 0.04, high: float = 0.06) -> Any:
    ratio = Estimate(0.05, low, high, 10, "mean curves")
    return SimpleNamespace(race=race or raced(), extremes=extremes, ratio=ratio)


def made(steps: Any = None, **changes: Any) -> Any:
    told: dict[str, Any] = {
        "challenger": "srpo",
        "baseline": "grpo",
        "axes": {} if steps is None else {"steps": steps},
        "steps": steps,
        "bound": "",
        "open_pairs": (),
        "n": 10,
        "baseline_steps": 50.0,
        "alpha": 0.04,
        "first_look": None,
        "target": 0.7,
        "baseline_share": 1.0,
    }
    return SimpleNamespace(**told | changes)


GAINED = Gain(0.2, 0.8, np.array([0.5, 0.7, 0.6, 0.6]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "supported"}, "the ratio of steps is 0.05, 95 % interval 0.04 to 0.06: the "
         "whole interval is at most 0.1"),
    ],
)  # fmt: skip
def test_a_support_in_words(changes: dict[str, str], said: str) -> None:
    assert rules.judge(made(cell()), "steps", 0.1) == Ruling(changes["verdict"], said)  # type: ignore[arg-type]


def test_a_refutation_in_words_with_bound_and_missing_runs() -> None:
    found = rules.judge(
        made(cell(raced(1)), bound="a lower bound", open_pairs=("srpo/seed-9",)), "steps", 0.1
    )
    assert found == Ruling(
        "refuted",
        "the ratio of steps is 0.05, 95 % interval 0.04 to 0.06 (a lower bound), whatever the runs "
        "that are missing would have given (srpo/seed-9): the whole interval is above 0.1",
    )
    held = rules.judge(
        made(cell(raced(0), low=0.04, high=float("inf")), bound="a lower bound"), "steps", 0.1
    )
    assert held.reason.startswith(
        "the ratio of steps is 0.05, 95 % interval 0.04 or more (a lower bound): the interval"
    )


def test_what_a_support_asks_for_is_not_asked_of_a_refutation() -> None:
    lost = {"collapsed": (True, False), "as_good": False}
    assert rules.judge(made(cell(raced(1, **lost))), "steps", 0.1).verdict == "refuted"
    assert rules.judge(made(cell(raced(-1, **lost))), "steps", 0.1).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({"collapsed": (True, False)},
         ", but srpo collapses: its smoothed curve ends well below its best"),
        ({"reach": (0.79, 1.0), "arrived": (np.arange(10) < 7, np.ones(10, bool))},
         ", but only 7 of 10 runs of srpo arrive, and 80 % are needed"),
        ({"as_good": False},
         ", but srpo is not shown to be as good at the end: +1.0 points (+1.0 to +1.0) against a "
         "margin of 5.0, a tenth of the baseline's gain"),
        ({"reach": (0.8, 0.1), "collapsed": (False, True)}, ""),
    ],
)  # fmt: skip
def test_what_was_not_kept_is_named(lost: dict[str, Any], said: str) -> None:
    found = rules.judge(made(cell(raced(-1, **lost))), "steps", 0.1)
    assert found.verdict == ("inconclusive" if said else "supported")
    if said:
        assert found.reason.endswith("0.04 to 0.06" + said)


def test_the_gap_at_the_end_is_no_surer_than_its_sampling() -> None:
    lost = raced(-1, as_good=False, error=0.01)
    assert "+1.0 points (-18.6 to +20.6)" in rules.judge(made(cell(lost)), "steps", 0.1).reason


def test_what_is_lost_at_either_extreme_is_lost() -> None:
    worst = raced(-1, as_good=False)
    for extremes in ((worst, raced()), (raced(), worst)):
        assert rules.judge(made(cell(raced(), extremes)), "steps", 0.1).verdict == "inconclusive"
    assert rules.judge(made(cell(raced(), (raced(), raced()))), "steps", 0.1).verdict == "supported"


def test_a_side_hangs_on_all_pairs_on_those_that_arrived_and_on_those_that_are_missing() -> None:
    settled = rules.settled
    assert settled(made(), cell(), 0.1) == (-1, "")
    assert settled(made(), cell(raced(1)), 0.1) == (1, "")
    unsettled = raced(side=lambda _: 0)
    assert settled(made(), cell(unsettled), 0.1) == (
        0,
        ", but not among the 10 pairs in which both arms arrived (0.5, 95 % interval 0.4 to 0.6)",
    )
    told = settled(made(open_pairs=("a", "b")), cell(raced(), (raced(), raced(1))), 0.1)
    assert told == (0, ", but it hangs on runs that are missing (a, b)")


def parted(low: float, high: float, threshold: float = 0.1, /, **changes: Any) -> str:
    """The crossing lies at 0.4 to 0.5, the inversion here."""
    speed = SimpleNamespace(
        side=lambda _: 0,
        crossing=ends(0.4, 0.5),
        inversion=ends(low, high),
    )
    return rules.settled(made(), cell(raced(0, speed=speed, **changes)), threshold)[1]


def test_two_estimates_that_point_apart_are_told_from_an_interval_that_holds_the_bound() -> None:
    assert parted(0.05, 0.2) == ": the interval holds 0.1"
    assert parted(0.2, 0.3) == ": the interval holds 0.1"
    apart = ", but its two estimates part: "
    assert parted(0.05, 0.1) == apart + "srpo hovers about the target"
    assert parted(0.05, 0.1, collapsed=(True, False)) == (
        apart + "srpo reaches the target and does not keep it: it collapses"
    )
    some = {"reach": (0.9, 1.0), "arrived": (np.arange(10) < 9, np.ones(10, bool))}
    assert parted(0.05, 0.1, **some) == apart + "1 of 10 runs of srpo never arrive"
    assert parted(0.05, 0.1 * WHOLE) == apart + "srpo hovers about the target"
    for low in (0.6, 0.6 * WHOLE):
        assert parted(low, 0.7, 0.6) == ": the interval holds 0.6"
    assert parted(0.601, 0.7, 0.6) == apart + "srpo hovers about the target"


def test_told_apart_from_equal_steps() -> None:
    fewer, more, none = cell(raced(-1)), cell(raced(1)), cell(raced(side=lambda _: 0))
    assert rules.told_apart(made(fewer), 0.039) == "fewer steps"
    assert rules.told_apart(made(more), 0.039) == "more steps"
    assert rules.told_apart(made(fewer), 0.04) == "not distinguishable"
    assert rules.told_apart(made(none), 0.001) == "not distinguishable"
    assert rules.told_apart(made(), 0.001) == "not judged"
    assert rules.told_apart(made(fewer, n=MIN_PAIRS - 1), 0.001) == "not judged"
    assert rules.told_apart(made(fewer, n=MIN_PAIRS), 0.001) == "fewer steps"


@pytest.mark.parametrize(
    ("low", "high", "near"),
    [(1 / 1.1, 1.1, True), (0.909, 1.05, False), (0.95, 1.1001, False), (0.92, 1.09, True)],
)
def test_equivalent_is_within_a_tenth_either_way(low: float, high: float, near: bool) -> None:
    found = rules.told_apart(made(cell(raced(0), low=low, high=high)), 0.9)
    assert found == ("equivalent" if near else "not distinguishable")


def test_equivalent_is_so_whatever_is_missing_would_have_given() -> None:
    def ends(low: float, high: float) -> Any:
        speed = SimpleNamespace(low=np.array(low), high=np.array(high))
        return SimpleNamespace(speed=speed, side=lambda _: 0)

    def asked(*extremes: Any) -> str:
        return rules.told_apart(made(cell(raced(0), extremes, low=0.95, high=1.05)), 0.9)

    assert asked(ends(0.92, 1.05), ends(0.95, 1.09)) == "equivalent"
    assert asked(ends(0.92, 1.05), ends(0.95, 1.11)) == "not distinguishable"
    assert asked(ends(0.90, 1.05), ends(0.95, 1.09)) == "not distinguishable"


def test_eight_pairs_are_enough() -> None:
    assert rules.too_few(8) == ""
    assert [rules.pairs_told(n) for n in (0, 1)] == [
        "0 complete seed pairs",
        "1 complete seed pair",
    ]
    assert rules.too_few(7) == "7 complete seed pairs, and a verdict needs at least 8"
    assert rules.too_few(1).startswith("1 complete seed pair, ")


def test_unmatched_copied_and_unfinished_runs_are_not_judged() -> None:
    runs = [run("a", 1), run("b", 1, state="failed"), run("b", 2, state="running"), run("c", 3,
            state="waiting")]  # fmt: skip
    here = comparison(*runs)
    unproved = Matched({"lr": [1, 2]}, [], 9)
    assert rules.no_pairs(here, {"a"}, unproved, False) == "the runs are not matched: different: lr"
    assert rules.no_pairs(here, {"a"}, unproved, True) == ""
    assert rules.no_pairs(here, {"a"}, PROVED, False) == ""
    copied = Matched({}, [], 9, ("a/seed-2 repeats a/seed-1",))
    assert rules.no_pairs(here, {"a"}, copied, True) == (
        "runs of one arm are copies of each other under several seeds (a/seed-2 repeats a/seed-1)"
    )
    assert rules.no_pairs(here, {"a", "b"}, PROVED, False) == (
        "1 of 3 runs is not finished (b/seed-2)"
    )


def target(gained: Gain = GAINED, room: Any = None, **changes: Any) -> str:
    return rules.no_target(made(changes.pop("steps", cell()), **changes), gained, room)


def test_steps_to_target_say_nothing_without_a_gain() -> None:
    assert target() == ""
    assert target(Gain(0.2, 0.8, GAINED.by_seed, start=0.5)).startswith("no evaluation at step 0")
    late = Gain(0.2, 0.8, GAINED.by_seed, start=5)
    assert target(late).startswith("no evaluation at step 0: the baseline's first is at step 5, so")
    assert target(Gain(0.5, 0.5, np.zeros(4))) == "the baseline gained nothing (0.0 points)"
    assert target(Gain(0.5, 0.4, np.full(4, -0.1))) == "the baseline gained nothing (-10.0 points)"
    weak = Gain(0.2, 0.3, np.array([0.1, 0.1]), error=0.1)
    assert target(weak) == (
        "the baseline's gain of 10.0 points is not told apart from none (95 % interval -52.0 to "
        "+72.0)"
    )
    just = float(ndtri(0.975) * np.sqrt(0.01))  # its interval begins at nothing
    for gained, told in ((just, True), (just * 1.001, False)):
        sure = target(Gain(0.2, 0.4, np.full(4, gained), error=0.01))
        assert sure.startswith("the baseline's gain of 19.6 points") is told


def test_a_target_must_be_above_the_base_and_within_reach_of_the_baseline() -> None:
    assert target(target=0.2) == "the target of 20.0 % is not above the base's 20.0 %"
    assert target(target=0.201) == ""
    assert target(baseline_share=0.8) == ""
    assert target(baseline_share=0.79) == (
        "the baseline reached the target in 79 % of its seeds, and 80 % are needed"
    )
    assert target(baseline_share=0.5, open_pairs=("grpo/seed-9", "srpo/seed-1")) == (
        "the baseline reached the target in 50 % of its seeds (1 of them absent or not finished), "
        "and 80 % are needed"
    )
    assert target(baseline_share=float("nan")) != ""
    fallen = cell(raced(collapsed=(False, True)))
    assert target(steps=fallen) == (
        "the baseline collapses: its smoothed curve ends well below its best"
    )
    assert target(steps=cell(raced(collapsed=(True, False)))) == ""
    assert target(steps=None) == ""
    assert target(room=SimpleNamespace(lacking="no room")) == "no room"


def test_a_further_look_is_said() -> None:
    assert rules.looked_before(made()) == ""
    assert rules.looked_before(made(first_look=8, alpha=0.0123)) == (
        "8 pairs had been looked at before seeds were added: intervals and verdict are by the rule "
        "for a further look (nominal p below 0.012)"
    )
