"""The conditions of a verdict at their edges."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.starving import Starving
from srpo_bench.results.report import why
from srpo_bench.results.statistics.inversion import WHOLE
from srpo_bench.results.statistics.steps import Gain
from tests.results.made import run
from tests.results.report.test_by_hand import analysis, contrast, ends, window


def judge(**more: Any) -> Any:
    given = {
        "contrast": contrast(), "matched": Matched({}, [], 9), "vouched": False,
        "headroom": Headroom({}, 20, 200),
        "starving": Starving("srpo", "grpo", 16, None, 50, window()),
    }  # fmt: skip
    return SimpleNamespace(**given | more)


def test_all_conditions_in_the_order_in_which_they_are_needed() -> None:
    def names(of: Any, **more: Any) -> list[str]:
        a = analysis(run("grpo"), run("srpo"), judges={"srpo": of}, **more)
        return [check.name for check in why.checks(a, "srpo")]

    first = ["Finished", "Matched"]
    always = [
        *(*first, "Pairs", "The baseline learns", "It reaches the target"),
        *("Headroom", "Cadence", "Health"),
    ]
    last = ["Interval", "Second test", "Among those that arrive", "srpo arrives", "srpo keeps it"]
    assert names(judge()) == [*always, *last]
    assert names(judge(), axis="tokens") == always
    assert names(judge(), gain=None) == first


@pytest.mark.parametrize(
    ("threshold", "side"),
    [(None, "all on one side of as many"), (0.2, "all on one side of 80 % fewer")],
)
def test_without_a_ratio_in_the_claim_the_interval_is_read_against_equal(
    threshold: float | None, side: str
) -> None:
    a = analysis(run("grpo"), run("srpo"), judges={"srpo": judge()}, threshold=threshold)
    (interval,) = [check for check in why.checks(a, "srpo") if check.name == "Interval"]
    assert interval.asked == side


def test_pairs_that_are_enough() -> None:
    for n, state, of in (
        (0, "no", "pairs"),
        (1, "no", "pair"),
        (7, "no", "pairs"),
        (8, "yes", "pairs"),
    ):
        a = analysis(run("grpo"), judges={"srpo": judge(contrast=contrast(n=n))})
        (pairs,) = [check for check in why.checks(a, "srpo") if check.name == "Pairs"]
        assert (pairs.state, pairs.found) == (state, f"{n} complete seed {of}")


def deciding(**gaps: float) -> str:
    """Of a challenger that is so far ahead on each task, of two seeds, at step 10."""

    def made(arm: str, ahead: float) -> list[Any]:
        tasks = {t: (0.5, 0.5 + ahead * gap) for t, gap in gaps.items()}
        return [run(arm, s, (0, 1), 10, tasks=tasks) for s in (1, 2)]

    pair = SimpleNamespace(baseline_steps=10.0, seeds=(1, 2), steps=None)
    of = SimpleNamespace(contrast=pair)
    return why.deciding(analysis(*made("grpo", 0), *made("srpo", 1), judges={"srpo": of}), "srpo")


def test_the_task_that_decides_is_the_furthest_on_the_side_of_the_whole() -> None:
    assert deciding(a=0.1, b=-0.1, c=0.3).endswith(
        "srpo is 10.0 points ahead: c decides, with +30.0 points; b adds least, with -10.0."
    )
    assert deciding(a=-0.1, b=-0.3, c=0.1).endswith(
        "srpo is 10.0 points behind: b decides, with -30.0 points; c adds least, with +10.0."
    )
    assert deciding(a=-0.25, b=0.25).endswith(
        "srpo is 0.0 points ahead: b decides, with +25.0 points; a adds least, with -25.0."
    )


def test_a_gain_of_exactly_nothing_is_none_and_a_look_is_no_fault() -> None:
    flat = analysis(gain=Gain(0.2, 0.2, np.zeros(4)))
    assert why._baseline(flat, contrast())[0].state == "no"
    (look,) = why._looks(contrast(first_look=8))
    assert look.state == "yes"


def test_estimators_that_both_reach_across_agree_on_nothing() -> None:
    assert [c.state for c in why._interval(contrast().steps, 0.45)] == ["no", "no", "no"]


def test_pairs_that_arrive_at_the_threshold_itself_are_below_it() -> None:
    cell = contrast().steps
    cell.race.speed.inversion = ends(0.3, 0.5)
    cell.race.among_arrived.ratio, cell.race.among_arrived.pairs = 0.5 * WHOLE, 7
    assert why._interval(cell, 0.5)[2].state == "yes"
    cell.race.among_arrived.ratio = 0.5 * WHOLE + 1e-12
    assert why._interval(cell, 0.5)[2].state == "no"


def test_what_is_kept_has_the_floor_of_its_sampling() -> None:
    cell = contrast().steps
    cell.race.final = np.full(4, 0.02)
    assert why._kept(contrast(), cell)[1].found.startswith("+2.0 points (+2.0 to +2.0)")
    cell.race.error = 0.04
    assert why._kept(contrast(), cell)[1].found.startswith("+2.0 points (-")
