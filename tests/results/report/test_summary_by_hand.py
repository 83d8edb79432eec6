"""What machines are told, from an analysis made by hand."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.starving import Starving
from srpo_bench.results.judgement.targets import Target
from srpo_bench.results.report import summary
from srpo_bench.results.report.analysis import TaskContrast
from srpo_bench.results.statistics.health import Health
from srpo_bench.results.statistics.speed import FRACTION, Interval
from tests.results.made import NAN, run
from tests.results.report.test_by_hand import analysis, contrast, e, window


def test_targets_and_ends_of_runs() -> None:
    runs = [
        run("grpo", 1), run("grpo", 2, state="failed", reason="why"),
        run("grpo", 3, (0.1, 0.2, 0.3), state="running"), run("grpo", 4, (), state="waiting"),
    ]  # fmt: skip
    nothing = {"matched": Matched({}, [], 9), "vouched": False, "ladder": []}
    nothing |= {"base": {}, "arms": {}, "claims": {}, "health": {}}

    def told(*targets: Target, **more: Any) -> dict[str, Any]:
        return summary.summary(analysis(*runs, targets=list(targets), **nothing, **more))

    found = told(Target(0.7, "decides", named=False), Target(0.8, "exploratory"))
    assert found["target"] == {
        "accuracy": 0.7, "base": 0.2, "final": 0.8, "fraction_of_gain": FRACTION,
        "named": [{"accuracy": 0.8, "standing": "exploratory"}],
    }  # fmt: skip
    assert found["failed"] == [{"run": "grpo/seed-2", "reason": "why"}]
    assert found["unfinished"] == [
        {"run": "grpo/seed-3", "state": "running", "step": 20},
        {"run": "grpo/seed-4", "state": "waiting", "step": 0},
    ]
    assert told(Target(0.8, "decides"))["target"]["fraction_of_gain"] is None
    bare = told(gain=None, target=NAN)["target"]
    assert (bare["accuracy"], bare["base"], bare["final"]) == (None, None, None)
    assert bare["fraction_of_gain"] == FRACTION


def test_estimates_and_arms() -> None:
    assert summary.estimate(e(0.5, 0.4, inf)) == {
        "value": 0.5, "interval": [0.4, None], "n": 8, "method": "",
    }  # fmt: skip
    assert summary.estimate(e(0.5))["interval"] is None
    for median, bound in ((50.0, None), (inf, "not reached by half")):
        survival = SimpleNamespace(n=8, reached=6, median=median, rmst=40.0, watched=True)
        arm: Any = SimpleNamespace(
            algorithm="grpo", states={"done": 8}, base=e(0.2), final=e(0.8), tasks={},
            benchmark={}, iqm=e(0.5), survival=survival, totals={},
        )  # fmt: skip
        found = summary._arm(arm, None)
        assert found["seeds"] == 8
        assert found["steps_to_target"] == {
            "n": 8, "reached": 6, "fraction_reaching": 0.75, "rmst": 40.0, "median_bound": bound,
            "median": None if bound else 50.0,
        }  # fmt: skip
    survival.watched = False
    assert summary._arm(arm, None)["steps_to_target"]["rmst"] is None
    survival.n, survival.watched = 0, True
    assert summary._arm(arm, None)["steps_to_target"]["fraction_reaching"] is None
    arm.states = {"done": 7, "stopped": 1}  # nobody knows how long it would have stayed below
    assert summary._arm(arm, None)["steps_to_target"]["rmst"] is None


def compared(
    ours: float, theirs: float, bound: str = "", rmst: tuple[float, float] = (30.0, 40.0)
) -> Any:
    found = contrast(bound=bound, axes={}, baseline="grpo", ratio=e(0.5))
    arms = {
        arm: SimpleNamespace(
            survival=SimpleNamespace(
                median=median, rmst=mean, steps=np.array([0.0, seen]), watched=True
            ),
            states={"done": 8},
        )
        for arm, median, mean, seen in (
            ("srpo", ours, rmst[0], 10.0),
            ("grpo", theirs, rmst[1], 20.0),
        )
    }
    nothing = TaskContrast({}, (), e(NAN, n=0), e(NAN, n=0))
    a = analysis(
        run("grpo"), judges={"srpo": SimpleNamespace(contrast=found)}, arms=arms,
        neutral={"srpo": SimpleNamespace(to_dict=dict)}, p_steps={"srpo": 0.04},
        grid={"srpo": {}}, named={"srpo": []}, tasks={"srpo": nothing},
    )  # fmt: skip
    return summary._comparison(a, "srpo")


def test_a_comparison_says_what_is_a_bound() -> None:
    plain = compared(5.0, 10.0)
    assert (plain["bound"], plain["ratio_of_medians"], plain["ratio_of_medians_bound"]) == (
        None, 0.5, None,
    )  # fmt: skip
    assert plain["rmst_ratio"] == 0.75
    assert compared(5.0, 10.0, rmst=(30.0, 0.0))["rmst_ratio"] is None
    late = compared(inf, 5.0, "a lower bound: late")
    assert late["bound"] == "a lower bound: late"
    assert late["ratio_of_medians"] is None
    assert late["ratio_of_medians_bound"] == {"value": 2.0, "bound": "lower"}


def test_an_axis_with_and_without_extremes() -> None:
    cell = contrast().steps
    cell.p, cell.extremes = 0.02, None
    found = summary._axis(cell)
    assert found["extremes"] is None
    assert (found["crossing"], found["inversion"]) == ([0.4, 0.5], [0.3, 0.6])
    assert found["among_arrived"] == {"ratio": 0.5, "interval": [0.4, 0.6], "n": 8}
    speeds = [SimpleNamespace(speed=Interval(np.array(low), np.array(inf))) for low in (0.1, 0.2)]
    cell.extremes = speeds
    assert summary._axis(cell)["extremes"] == [[0.1, None], [0.2, None]]


def test_a_point_counts_who_reached() -> None:
    found = contrast(ratio=e(0.5, 0.4, 0.6))
    found.steps.p = 0.02
    told = summary._point(found)
    assert told["reached_challenger"]["value"] == 1.0
    assert told["reached_baseline"]["value"] == pytest.approx(7 / 8)
    assert (told["p"], told["bound"]) == (0.02, None)
    found.bound = "a lower bound: so and so"
    assert summary._point(found)["bound"] == "a lower bound: so and so"
    found.steps = None
    assert summary._point(found)["p"] is None


def test_health_by_the_plan() -> None:
    def told(at: float | None, short: float, judged: bool = True) -> Any:
        fed = Starving("srpo", "grpo", 16, at, 50, window(short=short))
        judges = {"srpo": SimpleNamespace(starving=fed)} if judged else {}
        health = {"srpo": Health(window(short=0.5), window(cut=NAN), (0.25, NAN), None)}
        return summary._health(analysis(health=health, judges=judges), "srpo")

    fed = told(inf, 0.0)
    assert fed["plan"] == {
        "short_from_step": None,
        "known": True,
        "starves": False,
        "sentence": None,
    }
    assert fed["whole_budget"]["short"] == 0.5
    assert fed["up_to_baselines_crossing"]["cut"] is None
    assert fed["prompt_twice_up_to_own_crossing"]["by_run"] == [0.25, None]
    starved = told(40, 0.0)["plan"]
    assert (starved["short_from_step"], starved["known"], starved["starves"]) == (40, True, True)
    assert starved["sentence"].startswith("the plan starves srpo")
    own = told(None, 0.5)["plan"]
    assert (own["short_from_step"], own["known"], own["starves"]) == (None, False, False)
    assert own["sentence"].endswith("in 50 % of its steps")
    assert "plan" not in told(40, 0.0, judged=False)


def test_headroom_says_why_there_is_none() -> None:
    def told(effect: float | None) -> Any:
        judges = {"srpo": SimpleNamespace(headroom=Headroom({"x": effect}, 10, 200))}
        return summary._headroom(analysis(judges=judges), "srpo")

    there = told(20)
    assert (there["ok"], there["reason"], there["waits_for"]) == (True, None, {"x": 20})
    late = told(21)
    assert not late["ok"]
    assert late["reason"]
    assert told(None)["waits_for"] == {"x": None}


def test_a_rung_has_its_bound() -> None:
    for bound in ("", "a lower bound"):
        arms = SimpleNamespace(n=8, challenger="b", baseline="a", bound=bound)
        rung: Any = SimpleNamespace(
            kind="rung", what="history", also=("y", "x"), contrast=arms, steps=e(0.5), flops=None,
            p_steps=0.01, p_steps_holm=NAN, outcome="fewer steps", difference=e(0.1),
            p_accuracy=0.5, p_accuracy_holm=0.75,
        )  # fmt: skip
        told = summary._rung(rung)
        assert told["bound"] == (bound or None)
        assert (told["also_differs"], told["p_steps_holm"], told["flops"]) == (
            ["x", "y"],
            None,
            None,
        )
