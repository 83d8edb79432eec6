"""The first screen's sentences, and the conditions behind them, on comparisons of known truth."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from srpo_bench.results.judgement.rules import Outcome, Verdict
from srpo_bench.results.report import (
    answer,
    charts,
    meaning,
    samples,
    scale,
    why,
    words,
    write_report,
)
from srpo_bench.results.report.analysis import Analysis, analyse
from srpo_bench.results.report.figures.curves import WINDOWS
from srpo_bench.results.report.tables import make
from tests.results import synthetic


@pytest.fixture(scope="module")
def refuted(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(synthetic.write(tmp_path_factory.mktemp("a") / "c", samples=24))


def test_claimed_and_measured_are_in_one_unit(refuted: Analysis) -> None:
    (h,) = answer.headlines(refuted)
    assert h.claimed == "90 % fewer steps"
    assert h.measured.endswith(" % fewer steps")
    assert h.answer == f"Claimed: 90 % fewer steps. Measured: {h.measured.removesuffix(' steps')}."
    ratio = refuted.judges["srpo"].contrast.ratio
    assert h.measured == f"{100 * (1 - ratio.value):.0f} % fewer steps"
    told = answer.mail(refuted, h)
    for part in (h.measured, h.interval, h.difference, "arXiv 2504.14286", h.means, "16 runs"):
        assert part in told
    assert "90 % of" not in h.sentence


def test_a_bound_is_said_as_one(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 9.0}, training=False, samples=0)
    (h,) = answer.headlines(analyse(folder))
    assert h.verdict == "refuted"
    assert h.measured.startswith("at least ")
    assert h.measured.endswith("% more steps")


def test_a_bound_is_said_as_one_at_every_target(tmp_path: Path) -> None:
    """At a level that was named later it read "81 % more steps"."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 9.0}, training=False, samples=0)
    a = analyse(folder, exploratory=[0.6])
    later = [v for v in a.verdicts if v.standing == "exploratory" and v.ratio is not None]
    assert {v.id for v in later} >= {"steps-90", "compute-lower"}
    assert {answer.of_claim(a, v)[:9] for v in later} == {"at least "}
    assert {v.bound for v in a.verdicts if v.ratio} == {"lower"}
    assert all(", a lower bound" in told for v in later for told in (v.measured, *v.units.values())
               if "not recorded" not in told)  # fmt: skip


def test_a_baseline_that_gained_nothing_sets_no_target(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", training=False, samples=0)
    for path in folder.glob("*/seed-*/evals.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        told = [
            {**line, "accuracy": 0.25 if "grpo" in str(path) else line["accuracy"]}
            for line in lines
        ]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in told))
    (h,) = answer.headlines(analyse(folder))
    assert (h.measured, h.interval, h.cost) == ("", "", "")
    none = (
        "grpo gained nothing, from 25.0 to 25.0 %, so there is no target to reach and nothing to "
    )
    assert f"{none}count steps to. At the end srpo stands at " in h.sentence
    assert "Measured" not in h.sentence + answer.mail(analyse(folder), h)
    named = analyse(folder, exploratory=[0.3])
    assert answer.headlines(named)[0].measured == ""  # it was named later and decides nothing
    plan = json.loads((folder / "comparison.json").read_text())
    (folder / "comparison.json").write_text(json.dumps({**plan, "targets": [0.3]}))
    (h,) = answer.headlines(analyse(folder))
    assert "gained nothing" not in h.sentence
    assert "30.0 % accuracy, the target that was named beforehand" in h.sentence


@pytest.mark.usefixtures("no_figures")
def test_a_target_below_the_start_is_none_wherever_the_report_speaks_of_it(tmp_path: Path) -> None:
    """It measured "as many steps (95 % interval 100.00 % fewer to as many)" to it."""
    folder = synthetic.write(tmp_path / "c", training=False, samples=0)
    synthetic.change(folder, "comparison.json", targets=[0.1])
    write_report(folder)
    (h,) = answer.headlines(analyse(folder))
    assert (h.measured, h.interval, h.cost, h.ratio) == ("", "", "", "–")
    assert "grpo starts at 19.6 %, and the target that was named is 10.0 %, so" in h.sentence
    told = (folder / "report" / "report.md").read_text()
    assert re.search(r"\| named beforehand, decides \| 10.0 % \|.* – \|", told)
    assert re.search(r"\| grpo \| 8 of 8 \|.*\| – \| – \|", told)  # reached, and steps to it
    assert "### Cost to target" not in told
    claims = (folder / "report" / "tables" / "claims.csv").read_text()
    assert claims.count("not measured here") >= 4
    assert "nan" not in told


def test_where_the_baseline_declines_there_is_no_margin(tmp_path: Path) -> None:
    """It asked for "no worse than −-1.0 points", and a p "it lies -0.0 points below"."""
    folder = synthetic.write(tmp_path / "c", gain=-0.1, training=False, samples=0)
    a = analyse(folder)
    assert "−-" not in str(why.checks(a, "srpo"))
    assert [v.p_of for v in a.verdicts if v.id == "steps-90-accuracy"] == [""]
    synthetic.change(folder, "comparison.json", targets=[0.3])
    asked = {check.name: check.asked for check in why.checks(analyse(folder), "srpo")}
    assert asked["srpo keeps it"] == "a gain of the baseline's, for a support"


def test_every_verdict_at_every_scale_means_something() -> None:
    for verdict in get_args(Verdict):
        for size in get_args(scale.Scale):
            told = meaning.meaning(verdict, size, "90 % fewer steps")
            assert "90 % fewer steps" in told or verdict == "supported"
            assert "{" not in told
    for outcome in get_args(Outcome):
        assert "{" not in meaning.of_pair(outcome, "a", "b")


def test_the_size_of_the_model_is_said_as_recorded_or_by_the_shipped_digest(
    refuted: Analysis,
) -> None:
    run = refuted.comparison.runs[0]

    def told(base: dict[str, object]) -> str:
        first = run.__class__(**{**vars(run), "manifest": {"base": base}})
        return scale.model(refuted.comparison.__class__(run.folder, {}, (first,)))

    shipped = next(iter(scale.SHIPPED))
    assert told({"sha256": shipped}) == "a toy model of 1.1 M parameters"
    assert told({"parameters": 134_515_008}) == "a small model of 135 M parameters"
    assert told({"parameters": 32_500_000_000}) == "a model of 32.5 B parameters"
    assert told({"sha256": "b" * 64}) == "a model of unknown size"


def holds(a: Analysis) -> dict[str, str]:
    return {check.name: check.state for check in why.checks(a, "srpo")}


def test_where_all_conditions_hold_the_list_says_so(refuted: Analysis) -> None:
    found = holds(refuted)
    assert set(found) >= {"Finished", "Matched", "Pairs", "Headroom", "Cadence", "Interval"}
    assert set(found.values()) == {"yes"}
    told = {check.name: check.found for check in why.checks(refuted, "srpo")}
    assert told["Pairs"] == "8 complete seed pairs"
    assert told["Finished"] == "16 of 16 runs"


def test_the_condition_that_is_missing_is_named(tmp_path: Path) -> None:
    few = synthetic.write(tmp_path / "few", seeds=4, training=False, samples=0)
    assert holds(analyse(few))["Pairs"] == "no"
    wide = synthetic.write(tmp_path / "wide", every=50, training=False, samples=0)
    assert holds(analyse(wide))["Cadence"] == "no"
    level = synthetic.write(tmp_path / "level", {"grpo": 1.0, "srpo": 0.1}, training=False)
    assert holds(analyse(level))["Interval"] == "no"
    synthetic.change(few / "srpo" / "seed-1", "manifest.json", contract={"optim.lr": 1.0})
    assert holds(analyse(few))["Matched"] == "no"
    assert holds(analyse(few, vouched=True))["Matched"] == "unknown"


def test_what_was_added_after_a_look_is_told_from_what_was_planned(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=10, training=False, samples=0)
    late = {"at": "2026-02-01T00:00:00", "seeds": [9, 10], "arms": [], "runs_seen": 16}
    synthetic.change(folder, "comparison.json", added=[{**late, "command": "bench compare again"}])
    a = analyse(folder)
    planned = a.comparison.plan["command"]
    assert answer.commands(a) == [planned, "bench compare again"]
    assert holds(a)["Looks"] == "yes"
    assert words.added(a) == [
        "Added later (2026-02-01), when 16 runs had been evaluated: seeds 9, 10."
    ]
    states = {row[0]: row[1] for row in make.runs(a).rows}
    assert states["srpo/seed-8"] == "done"
    assert states["srpo/seed-9"] == "done, added later"


def test_the_task_that_carries_the_gap_is_named(refuted: Analysis) -> None:
    told = why.deciding(refuted, "srpo")
    assert "points ahead" in told
    assert " decides, with +" in told


def test_charts_hold_every_run_and_the_crossings_that_the_verdict_reads(refuted: Analysis) -> None:
    told = charts.data(refuted)
    assert len(told["runs"]) == 16
    steps = told["marks"]["steps"]
    cell = refuted.judges["srpo"].contrast.steps
    assert cell is not None
    assert steps["arms"][0]["at"] == cell.challenger
    assert steps["claim"] == pytest.approx(0.1 * cell.baseline)
    assert told["marks"]["flops"]["claim"] is None  # the claim is about steps
    looks = [(look["colour"], tuple(look["dash"]), look["marker"]) for look in told["arms"]]
    assert len(set(looks)) == 2
    run = told["runs"]["grpo/seed-1"]
    assert len(run["accuracy"]) == len(run["spent"]["steps"]) == 81
    assert len(run["training"]["length"]) == WINDOWS


def test_no_claim_is_drawn_for_an_arm_that_it_is_not_about(tmp_path: Path) -> None:
    arms = {"grpo": 1.0, "dapo": 0.5}
    a = analyse(synthetic.write(tmp_path / "c", arms, training=False, samples=0))
    marks = charts.data(a)["marks"]["steps"]
    assert marks["claim"] is None
    assert [mark["arm"] for mark in marks["arms"]] == [1]
    assert "claim" not in words.captions(a)["accuracy"]
    (h,) = answer.headlines(a)
    assert h.answer == "dapo against grpo: fewer steps"
    assert h.means == "dapo reached the same accuracy in fewer steps than grpo here."


def test_eleven_arms_are_told_apart_without_colour(tmp_path: Path) -> None:
    arms = {"grpo": 1.0, **{f"a{i}": 1.0 for i in range(10)}}
    folder = synthetic.write(tmp_path / "c", arms, 2, steps=20, training=False, samples=0)
    looks = charts.data(analyse(folder))["arms"]
    assert len({(tuple(look["dash"]), look["marker"]) for look in looks}) == 11
    assert len({look["marker"] for look in looks}) == 11


def test_the_same_problem_is_shown_before_and_after_with_its_answer(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=20, samples=0)
    for run in folder.glob("*/seed-*"):
        lines = [
            {"step": step, "phase": "eval", "task": "t", "problem": problem, "prompt": problem}
            | {"response": f"{run.parent.name} at {step}", "outcome": "wrong", "expected": "7"}
            for step in (0, 10, 20)
            for problem in ("p1", "p2", "p3")
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (run / "samples.jsonl").write_text(text)
    found = samples.before_and_after(analyse(folder))
    assert [p["prompt"] for p in found] == ["p1", "p2"]
    assert found[0]["expected"] == "7"
    told = {
        one["arm"]: tuple(one[end]["response"] for end in ("first", "last"))
        for one in found[0]["arms"]
    }
    assert told == {"grpo": ("grpo at 0", "grpo at 20"), "srpo": ("srpo at 0", "srpo at 20")}
    assert [s["step"] for s in samples.chosen(analyse(folder))][:3] == [20, 20, 20]
