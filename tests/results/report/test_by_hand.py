"""Sentences, checks, tables and pictures of a report, on figures made by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.starving import Starving
from srpo_bench.results.judgement.targets import Target
from srpo_bench.results.report import answer, charts, pictures, samples, scale, summary, why, words
from srpo_bench.results.report.analysis import _mean
from srpo_bench.results.report.crossing import steps_told
from srpo_bench.results.report.tables import costs, ladder, make, tuning
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.report.unit import change, changes
from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.health import Health, Window
from srpo_bench.results.statistics.inference import Estimate, share
from srpo_bench.results.statistics.inversion import Interval
from srpo_bench.results.statistics.race import Race
from srpo_bench.results.statistics.speed import Speed
from srpo_bench.results.statistics.steps import Gain
from tests.results.made import NAN, comparison, run


def e(value: float, low: float = NAN, high: float = NAN, n: int = 8) -> Estimate:
    return Estimate(value, low, high, n, "")


def told(check: why.Check) -> tuple[str, str, str]:
    return check.state, check.found, check.asked


def analysis(*runs: Run, **more: Any) -> Any:
    given = {
        "comparison": comparison(*runs, **more.pop("plan", {})),
        "baseline": "grpo",
        "gain": Gain(0.2, 0.8, np.full(4, 0.6)),
        "judges": {},
        "first_steps": None,
        "target": 0.7,
        "targets": [Target(0.7, "decides", named=False)],
        "axis": "steps",
        "threshold": 0.1,
        "headline": None,
        "claims": {},
        "challengers": ["srpo"],
    }
    return SimpleNamespace(**given | more)


def test_are_they_finished() -> None:
    runs = [run("grpo", 1), run("srpo", 1, state="failed"), run("dapo", 1, state="running")]
    assert told(why._finished(analysis(*runs), "srpo")) == (
        "yes", "2 of 2 runs, 1 of them failed", "all",
    )  # fmt: skip
    assert told(why._finished(analysis(*runs), "dapo")) == ("no", "1 of 2 runs", "all")


def test_are_they_matched() -> None:
    def asked(proof: Matched, vouched: bool = False) -> tuple[str, str, str]:
        judge: Any = SimpleNamespace(matched=proof, vouched=vouched)
        return told(why._matched(judge))

    assert asked(Matched({}, [], 9)) == ("yes", "9 of 9 fields equal", "all")
    differ = Matched({"lr": [1, 2]}, ["x"], 9)
    assert asked(differ) == ("no", "differ or unknown: lr, x", "all fields equal")
    assert asked(differ, True) == ("unknown", "vouched for, not proved: lr, x", "all fields equal")
    assert asked(Matched({}, [], 0))[1] == "differ or unknown: no contract"
    assert asked(Matched({"lr": [1, 2]}, [], 9, ("b repeats a",)))[1].endswith("b repeats a")


class Told(SimpleNamespace):
    """A speed by its two estimators, read as a verdict reads it."""

    low, high, side = Speed.low, Speed.high, Speed.side


class Raced(SimpleNamespace):
    side = Race.side


def ends(low: float, high: float) -> Interval:
    return Interval(np.array(low), np.array(high))


def contrast(**more: Any) -> Any:
    race = Raced(
        collapsed=(False, False), reach=(0.8, 1.0), as_good=True, final=np.array([0.01, 0.03]),
        gain=np.full(2, 0.5), error=0.0, arrived=(np.arange(10) < 8, np.ones(10, bool)),
        speed=Told(arrived=(True, False), crossing=ends(0.4, 0.5), inversion=ends(0.3, 0.6)),
        among_arrived=Told(
            ratio=0.5, crossing=ends(0.4, 0.6), inversion=ends(0.45, 0.55), pairs=8
        ),
    )  # fmt: skip
    steps = SimpleNamespace(race=race, ratio=e(0.5, 0.3, 0.6), challenger=50.0, baseline=100.0,
                            axis="steps", bound="", extremes=None)  # fmt: skip
    given = {"n": 8, "first_look": None, "alpha": 0.04, "baseline_share": 0.8, "steps": steps,
             "axes": {"steps": steps}, "challenger": "srpo", "seeds": (1, 2), "bound": "",
             "open_pairs": (), "target": 0.7, "reached": (8, 7)}  # fmt: skip
    return SimpleNamespace(**given | more)


def test_looks_and_the_baselines_checks() -> None:
    assert why._looks(contrast()) == []
    (look,) = why._looks(contrast(first_look=8, alpha=0.0123))
    assert look.found == "8 pairs were looked at before others were added"
    assert look.asked == "intervals that hold at every look: two-sided p 0.012"
    learns, reaches = why._baseline(analysis(), contrast())
    assert told(learns) == ("yes", "+60.0 points (+60.0 to +60.0)", "a gain told apart from none")
    assert told(reaches) == ("yes", "80 % of its runs", "80 % of its runs, and no collapse")
    assert why._baseline(analysis(), contrast(baseline_share=0.79))[1].state == "no"
    runs = [run("grpo", seed, state="waiting" if seed > 6 else "done") for seed in range(1, 9)]
    open_ = analysis(*runs)
    for known, state in ((0.625, "unknown"), (0.5, "no"), (0.875, "yes")):  # two of eight to come
        found = told(why._baseline(open_, contrast(baseline_share=known))[1])[:2]
        assert found == (state, f"{100 * known:.0f} % of its runs; under way: 2")
    fell = contrast()
    fell.steps.race.collapsed = (False, True)
    assert why._baseline(open_, fell)[1].state == "no"
    assert told(why._baseline(analysis(), fell)[1])[:2] == (
        "no", "80 % of its runs, and it collapses",
    )  # fmt: skip
    assert len(why._baseline(analysis(), contrast(steps=None))) == 1
    flat = Gain(0.2, 0.2, np.array([0.1, -0.1]))
    assert why._baseline(analysis(gain=flat), contrast())[0].state == "no"
    lone = Gain(0.2, 0.8, np.array([0.6]))
    assert why._baseline(analysis(gain=lone), contrast())[0].state == "unknown"
    noisy = Gain(0.2, 0.8, np.full(4, 0.6), error=1.0)
    assert why._baseline(analysis(gain=noisy), contrast())[0].state == "no"


def test_room_and_cadence() -> None:
    def asked(effect: float | None, second: float = 10) -> list[tuple[str, str, str]]:
        return [told(c) for c in why._room(Headroom({"x": effect}, second, 200))]

    within = "by step 20, 10 % of the baseline's steps"
    assert asked(20) == [
        ("yes", "the method's rule can act from step 20", within),
        ("yes", "the second evaluation is at step 10", within),
    ]
    assert asked(21)[0][0] == "no"
    assert asked(inf)[0] == ("no", "the method's rule never acts", within)
    assert asked(None)[0] == ("unknown", "when the rule can act is not recorded", within)
    assert told(why._room(Headroom({}, 20, 200))[0]) == ("yes", "nothing to wait for", within)
    assert asked(5, 20)[1][0] == "yes"
    assert asked(5, 21)[1][0] == "no"
    assert asked(5, NAN)[1] == ("no", "there is no second evaluation", within)
    unknown = why._room(Headroom({"x": 5}, 10, NAN))
    assert [(c.state, c.asked) for c in unknown] == [
        ("unknown", "within 10 % of the baseline's steps, not known yet")
    ] * 2
    assert why._room(Headroom({"x": inf}, NAN, NAN))[1].state == "no"


def test_health_of_a_challenger() -> None:
    def asked(at: float | None, short: float) -> tuple[str, str, str]:
        window = Window(10, short, 0, 0, 0, 0, 0)
        return told(why._fed(Starving("srpo", "grpo", 16, at, 50, window)))

    up_to = "a batch of live prompts up to step 50, the baseline's crossing"
    assert asked(None, 0.25) == ("yes", "short of prompts in 25 % of srpo's steps", up_to)
    assert asked(None, NAN) == ("unknown", "prompts in the pool are not recorded", up_to)
    assert asked(40, 0.25) == ("no", "the plan starves it from step 40", up_to)
    assert asked(40, NAN) == ("no", "the plan starves it from step 40", up_to)
    before = Window(0, NAN, NAN, NAN, NAN, NAN, NAN)
    assert told(why._fed(Starving("srpo", "grpo", 16, 40, NAN, before))) == (
        "unknown", "not known yet", "a batch of live prompts up to the baseline's crossing",
    )  # fmt: skip


def test_the_intervals_checks() -> None:
    cell = contrast().steps
    interval, second, arrived = why._interval(cell, 0.6)
    assert told(interval) == ("yes", "40 to 70 % fewer", "all on one side of 40 % fewer")
    assert told(second) == (
        "yes", "by crossing 50 to 60 % fewer; by inversion 40 to 70 % fewer", "the same side",
    )  # fmt: skip
    assert told(arrived) == ("yes", "40 to 60 % fewer, 8 pairs", "the same side")
    assert [c.state for c in why._interval(cell, 0.5)] == ["no", "no", "no"]
    assert [c.state for c in why._interval(cell, 0.2)] == ["yes", "yes", "yes"]
    assert why._interval(cell, 0.29)[2].state == "yes"
    cell.race.among_arrived.crossing = ends(0.2, 0.6)  # eight pairs have an interval
    assert [c.state for c in why._interval(cell, 0.29)] == ["yes", "yes", "no"]
    cell.race.among_arrived.pairs = 7
    assert why._interval(cell, 0.29)[2].state == "yes"
    cell.race.among_arrived.ratio = 0.1
    assert [c.state for c in why._interval(cell, 0.2)] == ["yes", "yes", "no"]
    cell.race.among_arrived.pairs = 0
    assert told(why._interval(cell, 0.2)[2])[:2] == ("yes", "in no pair did both")
    cell.ratio, cell.race.speed.crossing = e(0.5), ends(0, inf)  # of one pair
    assert [c.state for c in why._interval(cell, 0.2)] == ["no", "unknown", "no"]


def test_what_is_missing_is_a_condition_where_something_is() -> None:
    def end(low: float, high: float, side: int) -> Any:
        pairs, nothing = np.array(9), np.array(0.5)
        speed = SimpleNamespace(pairs=pairs, ratio=nothing, low=np.array(low), high=np.array(high))
        return SimpleNamespace(speed=speed, side=lambda _: np.array(side))

    cell = contrast().steps
    cell.extremes = (end(0.3, 0.8, 1), end(0.25, 0.6, 1))
    *_, missing = why._interval(cell, 0.2)
    assert (missing.name, *told(missing)) == (
        "Whatever is missing", "yes",
        "at their worst 20 to 70 % fewer; at their best 40 to 75 % fewer", "the same side",
    )  # fmt: skip
    cell.extremes = (end(0.3, 0.8, 1), end(0.1, 0.6, 0))
    assert why._interval(cell, 0.2)[-1].state == "no"


def test_what_a_support_asks() -> None:
    arrives, keeps = why._kept(contrast(), contrast().steps)
    assert told(arrives) == ("yes", "8 of 10 runs", "80 % of them, for a support")
    assert told(keeps)[0] == "yes"
    assert keeps.found.startswith("+2.0 points (")
    assert keeps.asked == "no worse than −5.0 points, for a support"
    cell = contrast().steps
    cell.race.reach, cell.race.collapsed = (0.79, 1.0), (True, False)
    arrives, keeps = why._kept(contrast(), cell)
    assert (arrives.state, keeps.state) == ("no", "no")
    assert keeps.found.endswith(" at the end, and it collapses")
    cell.race.collapsed, cell.race.as_good = (False, False), False
    assert why._kept(contrast(), cell)[1].state == "no"


def test_the_task_that_decides_by_hand() -> None:
    """At step 10, half way: gaps of +30 and −10 points are +10; the other way round −10."""

    def made(arm: str, a: float, b: float) -> list[Run]:
        tasks = {"a": (0, a), "b": (0, b)}
        return [run(arm, s, (0, 1), 20, tasks=tasks) for s in (1, 2)]

    steps = SimpleNamespace(bound="")
    pair = SimpleNamespace(baseline_steps=10.0, seeds=(1, 2), steps=steps)
    judge = SimpleNamespace(contrast=pair)
    ahead = analysis(*made("grpo", 0.2, 0.6), *made("srpo", 0.8, 0.4), judges={"srpo": judge})
    assert why.deciding(ahead, "srpo") == (
        "At step 10, where grpo has spent what it spends to target, srpo is 10.0 points ahead: a "
        "decides, with +30.0 points; b adds least, with -10.0."
    )
    behind = analysis(*made("grpo", 0.8, 0.4), *made("srpo", 0.2, 0.6), judges={"srpo": judge})
    assert "srpo is 10.0 points behind: a decides, with -30.0 points; b adds least, with +10.0" in (
        why.deciding(behind, "srpo")
    )
    one = [replace(r, evals=replace(r.evals, tasks={"a": r.evals.tasks["a"]}))
           for r in ahead.comparison.runs]  # fmt: skip
    assert why.deciding(analysis(*one, judges={"srpo": judge}), "srpo") == ""
    steps.bound = "upper"
    assert why.deciding(ahead, "srpo").startswith("At step 10, where grpo ends, srpo is 10.0 ")
    pair.baseline_steps = NAN
    assert why.deciding(ahead, "srpo") == ""


def test_a_bound_turns_round_where_it_is_of_fewer() -> None:
    def said(value: float, bound: str) -> str:
        cell: Any = SimpleNamespace(ratio=e(value), bound=bound, axis="flops")
        return answer._measured(cell)

    assert said(2.0, "") == "100 % more FLOPs"
    assert said(2.0, "lower") == "at least 100 % more FLOPs"
    assert said(2.0, "upper") == "at most 100 % more FLOPs"
    assert said(0.5, "lower") == "at most 50 % fewer FLOPs"
    assert said(0.5, "upper") == "at least 50 % fewer FLOPs"
    assert said(1.0, "lower") == "at least as many FLOPs"


def test_what_was_run() -> None:
    host = {"cores": 2}
    totals = {"seconds_rollout": 60.0, "seconds_evaluation": 120.0, "processor_seconds": 90.0}
    first = run(
        "grpo", 1, manifest={"host": host, "base": {"parameters": 2_000_000}}, totals=totals
    )
    plan = {"eval_tasks": list("abcde")}
    assert answer.runs(analysis(first, run("srpo", 1), plan=plan)) == (
        "a toy model of 2 M parameters; scored on a, b, c, d, …; 2 runs of 10 steps; 3 minutes in "
        "all (90 seconds of processor time) on a machine of 2 cores"
    )
    assert answer.runs(analysis(run("grpo"), plan={"tasks": ["a", "b", "c", "d"]})) == (
        "a model of unknown size; scored on a, b, c, d; 1 run of 10 steps"
    )


def test_costs_beside_the_claims_own() -> None:
    axes = {
        name: SimpleNamespace(ratio=ratio, bound=bound, axis=name)
        for name, ratio, bound in (
            ("steps", e(0.5, 0.4, 0.6), ""),
            ("flops", e(1.5, 1.4, 1.6), "lower"),
            ("tokens", e(NAN), ""),
            ("responses", e(0.0, 0.0, 0.0), ""),
        )
    }
    judge = SimpleNamespace(contrast=SimpleNamespace(axes=axes))
    a = analysis(judges={"srpo": judge})
    assert answer.cost(a, "srpo") == (
        "Relative to grpo: 100.00 % fewer responses (100.00 % fewer at worst, with no lower "
        "end), at least 50 % more FLOPs (40 to 60 % more)."
    )
    assert answer.cost(a, "srpo", ("seconds",)) == ""

    def at(value: float, bound: str = "") -> Any:
        cell = SimpleNamespace(ratio=e(value), bound=bound)
        return SimpleNamespace(ratio=cell.ratio, steps=cell)

    grid = {0.25: at(NAN), 0.5: at(0.5), 0.75: at(2.0, "lower"), 0.9: at(0.6), 1.0: at(0.7)}
    assert answer.way(analysis(grid={"srpo": grid}), "srpo") == (
        "at 50 % of the gain 50 % fewer; at 75 % of the gain at least 100 % more"
    )


def medians(
    ours: float, theirs: float, until: tuple[float, float] = (400.0, 200.0), **states: int
) -> dict[str, Any]:
    """Of a challenger and a baseline that were seen for so many steps."""
    arms = {
        arm: SimpleNamespace(
            survival=SimpleNamespace(median=m, steps=np.array([0.0, seen])),
            states=states or {"done": 3},
        )
        for arm, m, seen in (("srpo", ours, until[0]), ("grpo", theirs, until[1]))
    }
    a: Any = SimpleNamespace(arms=arms)
    return summary._medians(a, "srpo", "grpo")


def test_a_ratio_of_medians_or_a_bound() -> None:
    assert medians(50, 100) == {"value": 0.5, "bound": None}
    assert medians(inf, 100) == {"value": 4, "bound": "lower"}
    assert medians(50, inf) == {"value": 0.25, "bound": "upper"}
    assert (
        medians(inf, inf) == medians(50, 0) == medians(NAN, NAN) == {"value": None, "bound": None}
    )
    nobody_looked: Any = {"value": None, "bound": None}  # behind step 0
    assert medians(50, inf, until=(400, 0)) == medians(inf, 100, until=(0, 200)) == nobody_looked
    assert medians(inf, 100, done=2, running=1)["bound"] is None
    assert medians(50, inf, done=2, failed=1)["bound"] is None


def test_changes_at_their_edges() -> None:
    assert [change(x) for x in (2.99, 3.0, 0.999, 1.004, 0.0, 1.00001)] == [
        "199 % more", "3 times as many", "0.1 % fewer", "0.4 % more", "100.00 % fewer", "as many",
    ]  # fmt: skip
    assert changes(e(1, 0.5, 3.0)) == "50 % fewer to 3 times as many"
    assert changes(e(4, 3.0, 5.0)) == "3 to 5 times as many"
    assert changes(e(1, 1.0, 1.5)) == "0 to 50 % more"
    assert changes(e(1, 0.5, 1.0)) == "50 % fewer to as many"
    assert changes(e(0.99, 0.99, 0.99)) == "1 % fewer at either end"


def test_models_by_size() -> None:
    assert [scale.scale(n) for n in (None, 9_999_999, 10_000_000, 999_999_999, 1_000_000_000)] == [
        "unknown", "toy", "small", "small", "real",
    ]  # fmt: skip
    two = [run("a"), run("b", manifest={"base": {"parameters": 1_500_000_000}})]
    assert scale.model(comparison(*two)) == "a model of 1.5 B parameters"
    assert scale.parameters(comparison(run("a", manifest={"base": {"parameters": "many"}}))) is None


def recorded(tmp_path: Path, arm: str, seed: int, lines: list[dict[str, Any]]) -> Run:
    folder = tmp_path / arm / f"seed-{seed}"
    folder.mkdir(parents=True)
    (folder / "samples.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return replace(run(arm, seed), folder=folder)


def test_samples_are_thinned_evenly_with_both_ends(tmp_path: Path) -> None:
    lines = [{"step": i, "response": str(i)} for i in range(101)]
    told = recorded(tmp_path, "grpo", 1, lines)
    assert [s["step"] for s in samples._thin(told, 5)] == [0, 25, 50, 75, 100]
    assert [s["step"] for s in samples._thin(told, 1)] == [0]
    assert len(samples._thin(told, 500)) == 101
    assert samples._thin(recorded(tmp_path, "srpo", 1, []), 5) == []
    assert samples._cut("x" * 3000) == "x" * 3000
    assert samples._cut("x" * 3001) == "x" * 3000 + " …"


def test_the_page_has_the_first_two_seeds_and_no_more_than_its_limit(tmp_path: Path) -> None:
    lines = [{"step": i} for i in range(300)]
    runs = [recorded(tmp_path, arm, s, lines) for arm in ("grpo", "srpo") for s in (1, 2, 3)]
    found = samples.chosen(analysis(*runs))
    assert len(found) == samples.LIMIT == 240
    assert {s["run"] for s in found} == {r.name for r in runs if r.seed < 3}
    steps = [s["step"] for s in found]
    assert steps == sorted(steps, reverse=True)
    assert (steps[0], steps[-1]) == (299, 0)
    assert samples.chosen(analysis(run("grpo"))) == []


def test_before_and_after_asks_for_one_seed_of_all_arms_and_both_ends(tmp_path: Path) -> None:
    def asked(*steps: int, problems: str = "pq") -> list[dict[str, Any]]:
        train = [{"step": 99, "phase": "train", "problem": "p"}]
        return train + [{"step": s, "phase": "eval", "problem": p, "task": "t", "response": f"{s}"}
                        for s in steps for p in problems]  # fmt: skip

    runs = [
        recorded(tmp_path, "grpo", 1, asked(0)),
        recorded(tmp_path, "srpo", 1, asked(0, 10)),
        recorded(tmp_path, "grpo", 2, asked(0, 5, 10)),
        recorded(tmp_path, "srpo", 2, asked(0, 10, problems="q")),
        recorded(tmp_path, "grpo", 3, asked(0, 10)),
    ]
    (found,) = samples.before_and_after(analysis(*runs))
    assert (found["seed"], found["task"], found["prompt"], found["expected"]) == (2, "t", "", "")
    assert [(x["arm"], x["first"]["step"], x["last"]["step"]) for x in found["arms"]] == [
        ("grpo", 0, 10), ("srpo", 0, 10),
    ]  # fmt: skip
    assert samples.before_and_after(analysis(*runs[:2])) == []
    waiting = [run("dapo", seed, state="waiting") for seed in (1, 2)]  # hides nothing of the others
    assert samples.before_and_after(analysis(*runs, *waiting)) == [found]
    (alone,) = samples.before_and_after(analysis(recorded(tmp_path, "one", 1, asked(0, 10))))[1:]
    assert [x["arm"] for x in alone["arms"]] == ["one"]
    assert samples.before_and_after(analysis(runs[0], runs[3])) == []


def test_charts_hold_a_runs_record_thinned() -> None:
    accuracy = np.linspace(0, 1, 301)
    curves = {"length": np.arange(1.0, 101), "pool_size": np.full(100, NAN)}
    told = charts._run(run("grpo", 1, accuracy.tolist(), tasks={"a": accuracy}, curves=curves), 3,
                       ["steps"])  # fmt: skip
    assert len(told["accuracy"]) == len(told["tasks"]["a"]) == charts.POINTS == 150
    assert (told["accuracy"][0], told["accuracy"][-1], told["spent"]["steps"][-1]) == (0, 1, 3000)
    assert (told["arm"], told["seed"], told["done"]) == (3, 1, True)
    assert told["training"]["length"][:2] == [2, 5]  # windows of three of a hundred
    assert told["training"]["step"][-1] == 100
    assert list(told["training"]) == ["step", "length"]
    few = charts._run(run("grpo", 1, (0.123456, 1), state="failed"), 0, ["steps"])
    assert (few["accuracy"], few["done"], few["training"]) == ([0.12346, 1], False, {})
    none = charts._run(run("grpo", 1, ()), 0, ["steps"])
    assert (none["accuracy"], none["spent"]) == ([], {"steps": []})
    unknown = charts._run(run("grpo", 1), 0, ["steps", "seconds"])
    assert list(unknown["spent"]) == ["steps"]  # cut off before its clock was written
    assert charts._short(np.array([NAN, 1.5])) == [None, 1.5]
    forty = charts._training(run("grpo", 1, curves={"length": np.arange(40.0)}))
    assert forty["length"] == list(range(40))


def test_a_picture_of_ratios() -> None:
    runs = [run("grpo"), run("srpo")]
    a = analysis(*runs, headline=SimpleNamespace(needs="90 % fewer steps"))
    marks = ((("srpo", e(0.5, 0.25, 1.0)),), (("srpo", e(-1.0)),), ())
    table = Table("costs", "", ("x", "y"), (("a", "b"),) * 3, marks=marks)
    found = pictures.pictures(a, [table, replace(table, marks=((), ()))])["costs"]
    # from 0.8 of the claim's 0.1 to 1.4: a log scale of log(1.4 / 0.08)
    span = np.log(1.4 / 0.08)
    ((mark,), nothing, empty) = found.rows
    assert (nothing, empty) == ([], [])
    assert mark.at == pytest.approx(100 * np.log(0.5 / 0.08) / span, abs=0.01)
    assert mark.low == pytest.approx(100 * np.log(0.25 / 0.08) / span, abs=0.01)
    assert mark.width == pytest.approx(100 * np.log(4) / span, abs=0.02)
    assert (mark.top, mark.colour) == (50, 1)
    assert [name for _, name in found.ticks] == ["90 % fewer", "equal"]
    assert [kind for _, kind in found.lines] == ["claim", "rule"]
    assert found.ticks[1][0] == pytest.approx(100 * np.log(1 / 0.08) / span, abs=0.01)
    assert (found.after, found.figure) == (1, "ratios")


def test_a_picture_reaches_as_far_as_its_marks_and_no_further() -> None:
    a = analysis(run("grpo"), run("srpo"), threshold=None)

    def ends(*values: float) -> tuple[list[str], float]:
        marks = tuple((("srpo", e(v, v, v)),) for v in values)
        table = Table("grid", "", ("x",), (("a",),) * len(values), marks=marks)
        found = pictures._picture(a, table)
        return [name for _, name in found.ticks], found.rows[0][0].at

    assert ends(1.0)[0] == ["equal"]
    assert ends(1.0, 1.7)[0] == ["equal", "twice"]
    assert ends(1.0, 4.1)[0] == ["equal", "twice", "5 ×"]
    assert ends(1e9)[1] == pytest.approx(100 * np.log(20 / 0.4) / np.log(25 / 0.4), abs=40)
    assert ends(0.001, 1.0)[1] == 0


def test_names_on_an_axis_that_would_run_into_one_another_are_left_out() -> None:
    named = SimpleNamespace(needs="90 % fewer steps")
    a = analysis(run("grpo"), run("srpo"), headline=named)
    marks = ((("srpo", e(0.9, 0.8, 20.0)),),)
    found = pictures._picture(a, Table("costs", "", ("x",), (("a",),), marks=marks))
    assert [name for _, name in found.ticks] == ["90 % fewer", "equal", "5 ×"]
    assert len(found.lines) == 4


def test_the_claims_of_the_arms_that_a_claim_is_about_are_shown() -> None:
    def verdict(arm: str, own: bool) -> Any:
        told = {"label": "c", "claim": "so", "measured": "17 %", "reason": "why"}
        return SimpleNamespace(id="c", challenger=arm, own=own, verdict="no-verdict", **told)

    def shown(**own: bool) -> list[str]:
        claims = {arm: [verdict(arm, so)] for arm, so in own.items()}
        a = analysis(*map(run, own), claims=claims, headline=headline)
        return [row[1] for row in make.claims(a).rows]

    headline = SimpleNamespace(id="c", algorithm=["srpo"])

    assert shown(npr=False, srpo=True) == ["srpo"]
    assert shown(npr=False, srpo=False) == ["npr", "srpo"]


def test_a_picture_of_shares_and_several_marks_in_a_row() -> None:
    a = analysis(run("grpo"), run("srpo"), run("x"), challengers=["srpo", "x"])
    marks = ((("grpo", e(0.55, 0.5, 0.6)), ("srpo", e(0.775)), ("x", e(1.0))),)
    table = Table("tasks", "", ("t", "a"), (("x", "y"),), marks=marks, ratios=False, beside="t")
    found = pictures._picture(a, table)
    # from 0.5 − 0.05 to 1
    assert [m.at for m in found.rows[0]] == pytest.approx([18.18, 59.09, 100], abs=0.01)
    assert [m.width for m in found.rows[0]] == pytest.approx([18.18, 0, 0], abs=0.01)
    assert [m.top for m in found.rows[0]] == [15, 50, 85]
    assert [m.colour for m in found.rows[0]] == [0, 1, 2]
    assert [name for _, name in found.ticks] == ["100 %", "70 %", "50 %"]
    assert {kind for _, kind in found.lines} == {"rule"}
    assert (found.after, found.figure) == (0, "tasks")


def window(**shares: float) -> Window:
    return replace(Window(10, 0, 0, 0, 0, 0, 0), **shares)


def test_what_ailed_training_is_named_beyond_its_bound() -> None:
    def said(arm: str = "srpo", collapsed: bool = False, **shares: float) -> str:
        health = {arm: Health(window(), window(**shares), (), collapsed)}
        return words.health(analysis(health=health, first_steps=object()))

    assert said(flat=0.05, repeated=0.05, cut=0.5) == said(hopeless=1, solved=1) == ""
    assert said(flat=0.06) == (
        "Health of the runs: up to grpo's crossing srpo had no gradient in 6 % of its steps."
    )
    assert "srpo asked a prompt twice in a step in 6 % of its steps" in said(repeated=0.06)
    assert "crossing 51 % of srpo's responses were cut off." in said(cut=0.51)
    assert "; srpo collapses, its smoothed curve ends well below its best." in said(
        collapsed=True, flat=0.5
    )
    early = {"srpo": Health(window(flat=0.5), window(flat=NAN), (), None)}
    assert words.health(analysis(health=early)) == (
        "Health of the runs: so far srpo had no gradient in 50 % of its steps."
    )


def test_additions_imports_and_open_runs_in_words() -> None:
    added = [
        {"at": "2026-02-01T00:00:00", "seeds": [9, 10], "arms": ["x"], "runs_seen": 1},
        {"at": "2026-02-02T00:00:00", "seeds": [], "arms": ["y"]},
    ]
    assert words.added(analysis(plan={"added": added})) == [
        "Added later (2026-02-01), when 1 run had been evaluated: seeds 9, 10; arms x.",
        "Added later (2026-02-02), before any run was evaluated: arms y.",
    ]
    assert words.imported(analysis()) == ""

    def imported(kind: str, files: int) -> str:
        paths = [{"path": f"f{i}"} for i in range(files)]
        told = {"files": paths, "metric": ["acc", "b"], "says": "a CSV file", "kind": kind}
        return words.imported(analysis(plan={"imported": told}))

    assert imported("held-out accuracy", 3) == (
        "Imported from a CSV file (f0, f1, f2), not run here: what the logs do not tell is "
        "unknown. Their accuracy is 'acc, b'."
    )
    assert "(f0, f1, f2 and 1 more)" in imported("held-out accuracy", 4)
    assert imported("training reward", 1).endswith(
        "'acc, b', a reward in training and no score on held-out problems."
    )
    short = [run("b", seed, (0.2,), state="running") for seed in (2, 3)]
    runs = [run("a", 1), run("a", 2, state="failed", reason="why"), run("a", 3, state="running")]
    assert words.open_runs(analysis(*runs, run("b", 1, state="running"), *short)) == [
        "a, seed 2: failed at step 10. why",
        "a, seed 3: running at step 10",
        "b, seeds 1, 2, 3: running at steps 0 to 10",
    ]
    wordy = run(
        "a", 4, state="failed", reason="CUDA out of memory. " + "Process 1 has 2 GiB. " * 40
    )
    (told,) = words.open_runs(analysis(wordy))
    assert told.endswith("Process 1 …")
    assert len(told) <= len("a, seed 4: failed at step 10. ") + words.LONGEST_REASON
    assert make._run(analysis(wordy), wordy, False)[1] == f"failed: {words.reason(wordy)}"


def test_a_row_of_every_run() -> None:
    a = analysis(target=0.5)
    assert make._run(a, run("a", 1, ()), False)[1:] == ("done", "–", "–", "–", "")
    flat = run("a", 2, (0.2, 0.4), state="failed", reason="why")
    assert make._run(a, flat, True)[1:] == (
        "failed: why, added later", "10", "40.0 %", "> 10", "not reached",
    )  # fmt: skip
    there = run("a", 3, (0.25, 0.75), reason="odd")
    assert make._run(a, there, False)[1:] == ("done", "10", "75.0 %", "5", "0 and 10")
    assert make._run(analysis(gain=None), there, False)[4:] == ("–", "–")


def test_cells_of_tables() -> None:
    assert make._often(NAN) == "–"
    assert make._often(0.1234) == "12.3 %"
    assert [make._often(x) for x in (0.0, 0.0004, 0.0005)] == ["0.0 %", "< 0.1 %", "0.1 %"]
    assert make._plain("x" * 64) == "x" * 12 + "…"
    assert (make._plain("x" * 63), make._plain(None), make._plain([1])) == ("x" * 63, "null", "[1]")
    assert make._some([1, 2, 3, 4, 5]) == "1 / 2 / 3 / 4"
    assert make._total("flops", 2e12) == "2 TFLOP"
    assert make._total("responses", 2e12) == "2T"
    own = {"optim": {"lr": 1e-4}, "algorithm_settings": {"clip": 0.2}}
    a = analysis(run("mine", manifest=own))
    assert make._called(a, "mine", "grpo") == "mine (grpo, optim.lr=0.0001)"
    assert make._called(a, "mine", "mine") == "mine (optim.lr=0.0001)"
    assert make._called(a, "other", "other") == "other"
    judge = SimpleNamespace(contrast=contrast())
    both = analysis(judges={"srpo": judge}, first_steps=judge.contrast.steps)
    assert (steps_told(both, "srpo"), steps_told(both, "grpo")) == ("50", "> 100")
    none: Any = SimpleNamespace(contrast=contrast(steps=None))
    other = analysis(judges={"x": none, "srpo": judge}, first_steps=judge.contrast.steps)
    assert (steps_told(other, "x"), steps_told(other, "grpo")) == ("–", "> 100")
    assert steps_told(analysis(), "grpo") == "–"


def test_rows_of_costs_and_of_tuning() -> None:
    found = contrast()
    found.steps.p = 0.02
    a = analysis(judges={"srpo": SimpleNamespace(contrast=found)})
    (row,) = costs.table(a).rows
    assert row == (
        "training steps", "srpo", "50 % fewer (40 to 70)", "50", "> 100", "0.5 (0.3 to 0.6)",
        "0.020", "8",
    )  # fmt: skip
    assert costs.table(a).files_only == ("ratio", "p", "pairs", "arm")
    two = analysis(judges={"srpo": a.judges["srpo"], "x": a.judges["srpo"]})
    assert costs.table(two).files_only == ("ratio", "p", "pairs")
    assert costs._change(e(-1)) == "–"
    assert (
        costs._change(e(0.0, 0.0, 0.5)) == "100.00 % fewer (50 % fewer at worst, with no lower end)"
    )
    tried = {"algorithm": "grpo", "values": {}, "scores": [0.5, None], "mean": None,
             "steps": None, "chosen": False}  # fmt: skip
    assert tuning._row(tried) == ("grpo", "as it is", "–", "–", "50.0, failed", "")
    best = tried | {"values": {"lr": 1}, "mean": 0.5, "steps": 12.345, "chosen": True}
    assert tuning._row(best) == ("grpo", "lr=1", "12.3", "50.0 %", "50.0, failed", "chosen")


def test_the_least_p_that_so_many_pairs_can_give() -> None:
    def flip(p: float, n: int = 8) -> str:
        rung: Any = SimpleNamespace(difference=e(0, n=n), p_accuracy=p)
        return ladder._flip(rung)

    assert flip(2 / 2**8) == "0.008, the least"
    assert flip(4 / 2**8) == "0.016"
    assert flip(NAN, 0) == "–"
    assert flip(2.0, 0) == "2.000"


def test_every_table_from_an_analysis_by_hand() -> None:
    found = contrast()
    found.steps.p = 0.02
    crossed = SimpleNamespace(reached=7, n=8)
    arms = {
        name: SimpleNamespace(
            algorithm=name, survival=crossed, states={"done": 7, "failed": 1},
            base=e(0.2, 0.1, 0.3), final=e(0.8, 0.7, 0.9),
            tasks={"t": e(0.8), "u": e(0.6)}, iqm=e(0.75),
            totals={"flops": 2e12} if name == "grpo" else {"flops": 4e12, "tokens_generated": 1500},
            benchmark={},
        )
        for name in ("grpo", "srpo")
    }  # fmt: skip
    runs = [run(a, 1, tasks={"t": (0, 1), "u": (0, 1)}) for a in ("grpo", "srpo")]
    judges = {"srpo": SimpleNamespace(contrast=found)}
    a = analysis(*runs, arms=arms, judges=judges, first_steps=found.steps, p_steps={})
    table = make.arms(a)
    assert table.rows == (
        ("grpo", "7 of 8", "20.0 % (10.0 to 30.0)", "80.0 % (70.0 to 90.0)", "7 of 8", "> 100"),
        ("srpo", "7 of 8", "20.0 % (10.0 to 30.0)", "80.0 % (70.0 to 90.0)", "7 of 8", "50"),
    )
    assert (table.ratios, table.beside) == (False, "accuracy at end")
    assert table.marks == tuple(((n, arms[n].final),) for n in arms)
    told = make.tasks(a)
    assert told.rows == (
        ("t", "80.0 % (one seed)", "80.0 % (one seed)"),
        ("u", "60.0 % (one seed)", "60.0 % (one seed)"),
        ("interquartile mean", "75.0 % (one seed)", "75.0 % (one seed)"),
    )
    assert len(told.marks) == 3
    assert not told.ratios
    assert make.totals(a).rows == (
        ("flops", "2 TFLOP", "4 TFLOP"), ("tokens generated", "–", "1.5k"),
    )  # fmt: skip
    assert make.verdicts(a).rows == ()
    alone = replace(a.comparison, runs=tuple(run(n, 1, tasks={"t": (0, 1)}) for n in arms))
    a.comparison = alone
    assert [row[0] for row in make.tasks(a).rows] == ["t"]


def test_what_was_matched_and_where_problems_come_from() -> None:
    proof = Matched({"lr": [1, 2], "x": ["a" * 64]}, ["pool"], 9)
    plan = {"contract": {"base": "b" * 64, "lr": 1}}
    assert make.contract(analysis(plan=plan, matched=proof)).rows == (
        ("base", "b" * 12 + "…", "equal"),
        ("lr", "1 / 2", "differs"),
        ("x", "a" * 12 + "…", "differs"),
        ("pool", "", "unknown"),
    )
    record = {"task": "t", "role": "train", "split": "s", "source": "f", "loaded": 3, "used": 2,
              "excluded": 1}  # fmt: skip
    data = [record | {"sha256": None, "revision": "r", "official": None},
            record | {"sha256": None, "revision": None, "official": False}]  # fmt: skip
    rows = make.data(analysis(plan={"data": data})).rows
    assert [row[4:] for row in rows] == [("r", "–", "3", "2", "1"), ("–", "no", "3", "2", "1")]


def test_health_and_mismatch_rows() -> None:
    fine = Health(window(short=0.5), window(short=0.25, cut=NAN), (), None)
    none = Health(replace(window(), steps=0), window(), (), True)
    fell = Health(window(), window(), (), True)
    a = analysis(health={"srpo": fine, "grpo": none, "dapo": fell})
    assert make.health(a).rows == (
        ("srpo", "25.0 % / 50.0 %", *["0.0 % / 0.0 %"] * 4, "– / 0.0 %", "–"),
        ("dapo", *["0.0 % / 0.0 %"] * 6, "yes"),
    )
    columns = {f"mismatch_{n}": (v,) for n, v in
               {"difference_mean": 0.012, "difference_max": 0.1, "kl": 0.0034, "ess_token": 0.987,
                "ess_sequence": 0.5}.items()}  # fmt: skip
    assert make.mismatch(analysis(run("srpo", curves=columns))).rows == (
        ("srpo", "0.012", "0.1", "0.0034", "0.0034", "98.7 %", "50.0 %"),
    )


def test_a_mismatch_that_rounding_explains_is_no_warning() -> None:
    def warned(kl: float, **settings: str) -> str:
        columns = {f"mismatch_{n}": (kl,) for n in ("difference_mean", "difference_max", "kl",
                                                     "ess_token", "ess_sequence")}  # fmt: skip
        return words.mismatch(analysis(run("srpo", curves=columns), plan={"contract": settings}))

    assert warned(0.001) == ""
    assert "(srpo: KL 0.002 nats a token; rounding explains less than 0.001)" in warned(0.002)
    assert warned(0.002).endswith("The mismatch was not corrected.")
    fixed = {"rollout.correction": "token-truncated"}
    assert warned(0.002, **fixed).endswith("The mismatch was corrected: token-truncated.")


def test_benchmark_cells() -> None:
    from srpo_bench.results.report.tables import benchmarks
    from srpo_bench.results.statistics.benchmarks import BenchmarkMean

    one = BenchmarkMean(0.412, 0.008, 0.005, 2, 100, 1)
    cell = benchmarks._cell
    assert cell(one, one) == "41.2 ± 0.8 (0.5)"
    assert cell(replace(one, between=NAN), one) == "41.2 (0.5)"
    assert cell(replace(one, sampling=NAN), one) == "41.2 ± 0.8"
    assert cell(replace(one, problems=99), one) == "41.2 ± 0.8 (0.5), n = 99"
    assert cell(None, one) == "–"
    asked = benchmarks._size
    assert asked(one) == " (n = 100)"
    assert asked(replace(one, k=2)) == " (n = 100, avg@2)"
    assert asked(replace(one, problems=0)) == ""
    arm = SimpleNamespace(benchmark={"t": one, "u": one})
    others = {
        name: SimpleNamespace(benchmark=b) for name, b in (("srpo", {"t": one}), ("none", {}))
    }
    a = analysis(arms={"grpo": arm, **others}, base={"t": one, "x": one})
    assert [row[0] for row in benchmarks.measured(a).rows] == ["base", "grpo", "srpo"]
    assert benchmarks.measured(a).rows[0] == ("base", "41.2 ± 0.8 (0.5)", "–")
    assert "Base: the model before training" in benchmarks.measured(a).note
    bare = analysis(arms={"grpo": arm}, base={"x": one})
    assert [row[0] for row in benchmarks.measured(bare).rows] == ["grpo"]
    assert "Base:" not in benchmarks.measured(bare).note
    ours = {"gsm8k": one}
    told = benchmarks.reported(analysis(arms={"grpo": SimpleNamespace(benchmark=ours)})).note
    assert told.endswith("sampling may differ from ours.")
    assert "(none yet)" in benchmarks.reported(analysis(arms={})).note


def test_the_price_and_the_drill_down() -> None:
    from srpo_bench.results.report import page

    def price(ratio: Estimate | None) -> Any:
        axes = {} if ratio is None else {"flops": SimpleNamespace(ratio=ratio, bound="")}
        judge = SimpleNamespace(contrast=SimpleNamespace(axes=axes))
        return page._price(analysis(judges={"srpo": judge}), "srpo")

    assert price(None) is price(e(NAN)) is None
    assert price(e(1.5, 1.4, 1.6)) == ("50 % more FLOPs", "95 % interval 40 to 60 % more")
    assert price(e(1.5)) == ("50 % more FLOPs", "no interval")
    assert price(e(0.0)) is not None
    x = np.arange(1001.0)
    thinned = page._thin(x, x / 3)
    assert len(thinned) == page.RUN_POINTS
    assert (thinned[0], thinned[-1]) == ([0, 0], [1000, 333.3333])
    assert page._thin(x[:0], x[:0]) == []
    a = analysis(run("grpo", 1, (0, 1), spent={"tokens": (0, 5)}), run("srpo", 1, ()))
    told = page._runs(a)
    assert told["grpo/seed-1"] == {
        "points": [[0, 0], [10, 1]], "spent": {"steps": 10, "tokens": 5}, "path": "grpo/seed-1",
    }  # fmt: skip
    assert told["srpo/seed-1"]["points"] == []
    assert told["_"] == {"target": 0.7, "end": 10}
    assert page._runs(analysis(run("grpo"), target=NAN))["_"]["target"] is None
    assert page._script({"a": "</script>\u2028\u2029é"}) == (
        '{"a":"\\u003c/script>\\u2028\\u2029é"}'
    )


def test_an_accuracy_over_runs_has_the_sampling_error_of_their_mean() -> None:
    found = _mean([0.5, 0.5, math.nan], 0.04)
    wanted = share(np.array([0.5, 0.5]), 0.02)
    assert (found.n, found.low, found.high) == (2, wanted.low, wanted.high)
    assert wanted.low < 0.3 < 0.7 < wanted.high
    assert [_mean(values, 0.04).has_interval for values in ([0.5], [])] == [False, False]
