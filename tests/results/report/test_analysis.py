"""What a report says of arms and tasks, on runs made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement.claims import NonInferiority, Ratio
from srpo_bench.results.report import analysis
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics import sampling
from srpo_bench.results.store import ResultsError
from tests.results.made import NAN, comparison, run


def tasked(arm: str, seed: int, a: list[float], b: list[float]) -> Run:
    mean = (np.array(a) + np.array(b)) / 2
    return run(arm, seed, mean.tolist(), tasks={"a": a, "b": b})


def test_tasks_are_those_that_every_evaluated_run_was_scored_on() -> None:
    one, other = tasked("grpo", 1, [0, 1], [0, 1]), run("srpo", 1, tasks={"b": (0, 1), "c": (0, 1)})
    assert analysis.task_names(comparison(one, other)) == ["b"]
    assert analysis.task_names(comparison(one, run("srpo", 1, ()))) == ["a", "b"]
    assert analysis.task_names(comparison()) == []
    now_and_then = tasked("srpo", 1, [0, NAN], [0, 1])  # the deciding task was "nan points behind"
    assert analysis.task_names(comparison(one, now_and_then)) == ["b"]


@pytest.mark.parametrize(
    ("b", "left_out"), [([0.5, 0.5], ("b",)), ([0.5, 0.6], ()), ([0.5, 0.4], ("b",))]
)
def test_one_seed_must_have_gained_something(b: list[float], left_out: tuple[str, ...]) -> None:
    here = comparison(tasked("grpo", 1, [0, 1], b), tasked("srpo", 1, [0, 1], b))
    found = analysis._tasks(here, "srpo", "grpo")
    assert found.without_gain == left_out
    assert list(found.contrasts) == [t for t in "ab" if t not in left_out]


def test_several_seeds_must_tell_the_gain_from_none() -> None:
    noise = ([0.5, 0.6], [0.5, 0.3])
    runs = [
        tasked(arm, s, [0, 0.9 + s / 100], noise[s]) for arm in ("grpo", "srpo") for s in (0, 1)
    ]
    found = analysis._tasks(comparison(*runs), "srpo", "grpo")
    assert found.without_gain == ("b",)
    assert list(found.contrasts) == ["a"]
    assert list(found.contrasts["a"].axes) == ["steps"]
    assert found.geometric_mean.value == pytest.approx(1)
    assert found.improvement.value == 0.5
    assert found.improvement.n == 2
    bare = comparison(*(run(arm, 1) for arm in ("grpo", "srpo")))
    assert np.isnan(analysis._tasks(bare, "srpo", "grpo").improvement.value)


def test_without_pairs_a_task_has_no_mean_ratio() -> None:
    here = comparison(tasked("grpo", 1, [0, 1], [0, 1]), tasked("srpo", 2, [0, 1], [0, 1]))
    found = analysis._tasks(here, "srpo", "grpo")
    assert (found.geometric_mean.n, found.geometric_mean.method) == (0, "none")


def test_an_arm_in_numbers() -> None:
    runs = [
        run("x", 1, (0.1, 0.5, 0.7), totals={"flops": 1, "tokens": 2}, tasks={"a": (0, 0.2, 0.4)},
            manifest={"algorithm": "grpo"}),
        run("x", 2, (0.3, 0.7, 0.9), totals={"flops": 10}, tasks={"a": (0, 0.6, 0.8)}),
        run("x", 3, (0.5, 0.9, 0.9), state="failed", tasks={"a": (0, 0, 0)}),
        run("x", 4, (), state="waiting"),
    ]  # fmt: skip
    found = analysis._arm(comparison(*runs), "x", 0.45)
    assert (found.algorithm, found.name) == ("grpo", "x")
    assert found.base.value == pytest.approx(0.3)
    assert (found.base.n, found.final.n) == (3, 2)
    assert found.final.value == pytest.approx(0.7)
    assert found.tasks["a"].value == pytest.approx(0.5)
    assert found.totals == {"flops": 11, "tokens": 2}
    assert found.states == {"done": 2, "failed": 1, "waiting": 1}
    assert (found.survival.n, found.survival.reached) == (3, 3)
    assert found.iqm.n == 2
    assert analysis._arm(comparison(run("y")), "y", 0.5).algorithm == "y"
    assert analysis._arm(comparison(run("y")), "y", 0.5).iqm.n == 0


def test_seeds_that_are_all_right_leave_what_so_many_answers_leave_open() -> None:
    """Eight seeds, each 24 of 24 at the end of task a; the interquartile mean of both tasks."""
    score = {task: {"n": 24, "k": 1, "accuracy": 1.0} for task in "ab"}
    right = {"a": (0.5, 1.0, 1.0), "b": (0.5, 1.0, 1.0)}
    runs = [run("grpo", s, (0.5, 1.0, 1.0), tasks=right, last=score) for s in range(1, 9)]
    found = analysis._arm(comparison(*runs), "grpo", 0.9)
    off = 1.959964 * (sampling.jeffreys(24) / 2 / 8) ** 0.5
    assert (found.tasks["a"].low, found.tasks["a"].high) == (pytest.approx(1 - off), 1.0)
    assert (found.iqm.low, found.iqm.high) == (pytest.approx(1 - off / 2**0.5), 1.0)


def test_a_mean_of_accuracies_has_the_floor_of_one_over_as_many() -> None:
    assert analysis._mean([0.5, NAN, 0.5], 0.02).high == pytest.approx(0.5 + 1.96 * 0.1, abs=1e-3)
    assert analysis._mean([0.5, 0.5]).high == 0.5
    assert analysis._mean([]).n == analysis._mean([NAN]).n == 0


def test_the_base_and_the_end_have_the_errors_of_their_answers() -> None:
    """A standard error of 0.1 at every evaluation; the end is the mean of two."""
    runs = [run("x", s, (0.5, 0.5, 0.5), stderr=(0.1, 0.1, 0.1)) for s in range(4)]
    found = analysis._arm(comparison(*runs), "x", 0.9)
    assert found.base.high == pytest.approx(0.5 + 1.959964 * 0.1 / 2, abs=1e-5)
    assert found.final.high == pytest.approx(0.5 + 1.959964 * 0.1 / np.sqrt(8), abs=1e-5)


def test_health_is_up_to_the_baselines_crossing_in_each_arms_own_contrast() -> None:
    pool = {"pool_size": (16.0, 8, 8, 8), "grad_norm": (0.0, 1, 1, 1)}
    runs = [run(arm, 1, curves=pool) for arm in ("grpo", "srpo", "dapo")]
    here = comparison(*runs, contract={"prompts_per_step": 16})

    def judge(crossing: float, ours: bool, theirs: bool) -> Any:
        race = SimpleNamespace(collapsed=(np.array(ours), np.array(theirs)))
        steps = SimpleNamespace(baseline=crossing, challenger=crossing, race=race)
        return SimpleNamespace(contrast=SimpleNamespace(steps=steps))

    found = analysis._health(here, {"srpo": judge(2, True, False), "dapo": judge(1, False, True)})
    assert {arm: h.before.short for arm, h in found.items()} == {
        "grpo": 0.5,
        "srpo": 0.5,
        "dapo": 0,
    }
    assert {arm: h.whole.short for arm, h in found.items()} == dict.fromkeys(found, 0.75)
    assert {arm: h.collapsed for arm, h in found.items()} == {
        "grpo": False, "srpo": True, "dapo": False,
    }  # fmt: skip
    nobody = analysis._health(here, {})
    assert nobody["grpo"].collapsed is None
    assert nobody["grpo"].whole.short == 0.75
    assert np.isnan(nobody["grpo"].before.short)  # no crossing is known


def test_an_arm_without_a_complete_pair_is_looked_at_up_to_the_crossing_in_another_pair() -> None:
    pool = {"pool_size": (16.0, 8, 8, 8), "repeated": (1.0, 0, 0, 0)}
    runs = [run(arm, 1, curves=pool) for arm in ("grpo", "srpo", "dapo")]
    here = comparison(*runs, contract={"prompts_per_step": 16})
    race = SimpleNamespace(collapsed=(np.array(False), np.array(True)))
    steps = SimpleNamespace(baseline=2.0, challenger=1.0, race=race)
    judges: Any = {
        arm: SimpleNamespace(contrast=SimpleNamespace(steps=cell))
        for arm, cell in (("srpo", None), ("dapo", steps))
    }
    found = analysis._health(here, judges)
    assert {arm: h.before.short for arm, h in found.items()} == dict.fromkeys(found, 0.5)
    assert {arm: h.collapsed for arm, h in found.items()} == {
        "grpo": True, "srpo": None, "dapo": False,
    }  # fmt: skip
    assert [found[arm].repeats for arm in ("grpo", "dapo")] == [(0.5,), (1.0,)]
    assert np.isnan(found["srpo"].repeats).all()  # it has no crossing of its own
    assert analysis._first_steps(judges.values()) is steps
    assert analysis._first_steps([judges["srpo"]]) is None


def test_the_grid_is_of_the_gain() -> None:
    runs = [run(arm, s, (0, 0.5, 1.0, 1.0)) for arm in ("grpo", "srpo") for s in (1, 2)]
    found = analysis._grid(comparison(*runs), "srpo", "grpo")
    assert [c.target for c in found.values()] == pytest.approx([0.25, 0.5, 0.75, 0.9, 1.0])
    assert all(list(c.axes) == ["steps"] for c in found.values())


def made(**more: Any) -> Any:
    """An analysis of which only this is known."""
    found = object.__new__(analysis.Analysis)
    for name, value in more.items():
        object.__setattr__(found, name, value)
    return found


def test_what_the_target_is_in_words() -> None:
    def aim(*named: bool) -> tuple[str, float]:
        targets = [SimpleNamespace(level=0.5 + i, named=n) for i, n in enumerate(named)]
        a = made(targets=targets, baseline="grpo")
        return a.aim, a.target

    gain = "nine tenths of grpo's gain"
    assert aim(True, False) == ("the target that was named beforehand", 0.5)
    assert aim(False, True) == (gain, 0.5)
    assert aim()[0] == gain
    assert np.isnan(aim()[1])


def test_a_claims_line_and_axis_where_it_is_about_costs() -> None:
    ratio = Ratio(kind="ratio", axis="tokens", threshold=0.25)
    for headline, threshold, axis in (
        (SimpleNamespace(test=ratio), 0.25, "tokens"),
        (SimpleNamespace(test=NonInferiority(kind="noninferiority", share=0.5)), None, "steps"),
        (None, None, "steps"),
    ):  # fmt: skip
        a = made(headline=headline)
        assert (a.threshold, a.axis) == (threshold, axis)


def test_points_are_the_grid_and_then_what_was_named() -> None:
    target = SimpleNamespace(label="exploratory")
    a = made(
        grid={"srpo": {0.25: "c"}}, named={"srpo": [(target, "d")]}, claims={"srpo": [1], "x": [2]}
    )
    assert a.points("srpo") == [("25 % of the gain", "c"), ("exploratory", "d")]
    assert a.verdicts == [1, 2]


def test_a_gain_of_nothing_that_is_told_apart_from_none() -> None:
    """Its whole interval must lie above nothing, with the floor of its sampling."""
    flat = [tasked(arm, s, [0, 0.9], [0.5, 0.5]) for arm in ("grpo", "srpo") for s in (1, 2)]
    assert analysis._tasks(comparison(*flat), "srpo", "grpo").without_gain == ("b",)

    def noisy(stderr: float) -> tuple[str, ...]:
        runs = [
            run(arm, s, (0, 0.5), tasks={"a": (0, 0.5)}, stderr=(stderr, stderr))
            for arm in ("grpo", "srpo") for s in (1, 2)
        ]  # fmt: skip
        return analysis._tasks(comparison(*runs), "srpo", "grpo").without_gain

    assert (noisy(0.01), noisy(1.0)) == ((), ("a",))


def test_a_mean_of_whole_numbers() -> None:
    found = analysis._mean([1, 0], 0.5)
    assert (found.value, found.n) == (0.5, 2)


def test_repeats_are_up_to_each_arms_own_crossing() -> None:
    """A prompt twice in steps 3 and 4; the baseline crosses at 4, the challenger at 2."""
    runs = [run(arm, 1, curves={"repeated": (0.0, 0, 1, 1)}) for arm in ("grpo", "srpo")]
    here = comparison(*runs, contract={"prompts_per_step": 16})
    race = SimpleNamespace(collapsed=(np.array(False), np.array(False)))
    steps = SimpleNamespace(baseline=4.0, challenger=2.0, race=race)
    judge: Any = SimpleNamespace(contrast=SimpleNamespace(steps=steps))
    found = analysis._health(here, {"srpo": judge})
    assert {arm: h.repeats for arm, h in found.items()} == {"grpo": (0.5,), "srpo": (0.0,)}


@pytest.mark.parametrize("gained", [True, False])
def test_a_comparison_is_judged_where_there_is_a_gain(
    gained: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = comparison(run("grpo"), run("srpo"), vouched_matched=False)
    levels = [
        SimpleNamespace(level=0.5, named=False),
        SimpleNamespace(level=0.9, named=True, goal=9),
    ]
    asked: list[Any] = []

    def gain(runs: Any) -> str:
        if not gained:
            raise ResultsError("nothing yet")
        return "a gain"

    class Judge:
        def __init__(self, *given: Any) -> None:
            asked.append(given)

        def all(self, claims: Any) -> list[Any]:
            return [("verdicts on", claims)]

        def at(self, goal: Any) -> str:
            return f"at {goal}"

    for name, answer in (
        ("read", lambda _: here), ("gain", gain), ("Judge", Judge), ("targets", lambda *_: levels),
        ("_arm", lambda comparison, arm, level: (arm, level)), ("matched", lambda _: "matched"),
        ("neutrals", lambda judges: len(judges)), ("equal_steps", lambda judges: len(judges)),
        ("_grid", lambda *given: given[1:]), ("_tasks", lambda *given: given[1:]),
        ("_health", lambda *_: "health"), ("ladder", lambda comparison, level: level),
    ):  # fmt: skip
        monkeypatch.setattr(analysis, name, answer)
    monkeypatch.setattr(analysis.benchmarks, "at_start", lambda _: "base")
    claim: Any = SimpleNamespace(id="c")
    found: Any = analysis.analyse(here.folder, [claim], True, [0.9])
    assert (found.headline, found.vouched, found.base) == (claim, True, "base")
    if gained:
        assert asked == [(here, "srpo", "grpo", True, [0.9])]
        assert found.claims == {"srpo": [("verdicts on", [claim])]}
        assert found.arms == {"grpo": ("grpo", 0.5), "srpo": ("srpo", 0.5)}
        assert found.named == {"srpo": [(levels[1], "at 9")]}
        assert (found.ladder, found.gain, found.neutral) == (0.5, "a gain", 1)
        assert found.grid == found.tasks == {"srpo": ("srpo", "grpo")}
    else:
        assert asked == found.targets == found.ladder == []
        assert found.arms == {"grpo": ("grpo", np.inf), "srpo": ("srpo", np.inf)}
        assert (found.claims, found.gain) == ({}, None)
    assert analysis.analyse(here.folder, [], False).headline is None
