"""What a verdict would take, told beside the condition that does not hold."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from srpo_bench.results.judgement.headroom import Headroom
from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.judgement.starving import Starving
from srpo_bench.results.report import why, write_report
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.report.page import code
from srpo_bench.results.report.why import Check
from srpo_bench.results.statistics.health import Window
from srpo_bench.results.statistics.steps import Gain
from tests.results import synthetic
from tests.results.report.test_by_hand import NAN, analysis, contrast, inf


def test_a_condition_that_holds_or_is_unknown_asks_for_nothing(tmp_path: Path) -> None:
    held = why.checks(analyse(synthetic.write(tmp_path / "c", training=False, samples=0)), "srpo")
    assert {check.remedy for check in held} == {""}
    assert why.remedies(held) == ""
    assert [c.remedy for c in why._room(Headroom({"x": None}, 10, NAN))] == ["", ""]
    assert why._room(Headroom({"x": 20}, 20, 200))[1].remedy == ""


def test_fields_that_are_only_unknown_may_be_vouched_for() -> None:
    def asked(proof: Matched) -> str:
        judge: Any = SimpleNamespace(matched=proof, vouched=False)
        return why._matched(judge).remedy

    assert "`bench compare`" in asked(Matched({"lr": [1, 2]}, [], 9))
    assert "--vouch-matched" not in asked(Matched({"lr": [1, 2]}, ["seed"], 9))
    assert "--vouch-matched" not in asked(Matched({}, ["seed"], 9, ("b repeats a",)))
    assert asked(Matched({}, ["seed"], 9)).endswith("only unknown (`--vouch-matched`)")


def test_a_baseline_that_does_not_arrive_wants_another_target_and_one_that_falls_does_not() -> None:
    learns, reaches = why._baseline(analysis(), contrast(baseline_share=0.79))
    assert (learns.remedy, "--target" in reaches.remedy) == ("", True)
    fell = contrast()
    fell.steps.race.collapsed = (False, True)
    remedy = why._baseline(analysis(), fell)[1].remedy
    assert "a budget that ends before it falls" in remedy
    assert "--target" not in remedy
    flat = why._baseline(analysis(gain=Gain(0.2, 0.2, np.array([0.1, -0.1]))), contrast())
    assert "`evaluation.k`" in flat[0].remedy


def test_too_late_a_rule_or_an_evaluation_and_too_small_a_pool() -> None:
    late, rare = why._room(Headroom({"x": 21}, 21, 200))
    assert "smaller pool" in late.remedy
    assert rare.remedy == "earlier evaluations (`evaluation.early_every` and `early_until`)"
    assert why._room(Headroom({"x": inf}, 10, 200))[0].remedy == late.remedy
    assert why._room(Headroom({}, NAN, 200))[1].remedy == rare.remedy
    starved = Starving("srpo", "grpo", 16, 30, 50, Window(10, 0.0, 0, 0, 0, 0, 0))
    assert why._fed(starved).remedy == "a larger pool (`data.pool_size`)"


def test_remedies_stand_in_one_paragraph_once_all_runs_have_ended() -> None:
    pairs, cadence = Check("Pairs", "no", "", "", "A"), Check("Cadence", "no", "", "", "B")
    told = why.remedies([Check(why.FINISHED, "yes", "", ""), pairs, cadence])
    assert told.startswith("What a verdict would take: A; B. Settings that are chosen after a look")
    assert why.remedies([Check(why.FINISHED, "no", "", ""), pairs]) == ""


def test_the_report_says_what_a_verdict_would_take(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "few", seeds=4, training=False, samples=0)
    write_report(folder)
    told = "What a verdict would take: more seeds (`--seeds`). Settings"
    assert told in (folder / "report" / "report.md").read_text(encoding="utf-8")
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert f"<p>{code(told)}" in page
    assert "<code>--seeds</code>" in page


def test_where_a_pair_was_judged_nothing_is_asked_for(tmp_path: Path) -> None:
    """Of a control the claim's cadence is not asked: it has its answer without."""
    folder = synthetic.write(
        tmp_path / "c", {"grpo": 1.0, "dapo": 0.5}, every=20, training=False, samples=0
    )
    assert why.remedies(why.checks(analyse(folder), "dapo"))
    write_report(folder)
    report = (folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "dapo against grpo: fewer steps" in report
    assert "What a verdict would take" not in report


def test_what_stands_between_backticks_is_code_and_nothing_else_is_markup() -> None:
    assert code("`a<b` & `c`, a ` alone") == ("<code>a&lt;b</code> &amp; <code>c</code>, a ` alone")
