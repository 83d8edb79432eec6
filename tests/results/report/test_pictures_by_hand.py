"""Where marks, names and lines lie, and which responses are shown."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.report import pictures, samples, scale
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.statistics.inference import Estimate
from tests.results.made import NAN, comparison, run
from tests.results.report.test_by_hand import analysis, e, recorded


def picture(*rows: list[Estimate], **more: Any) -> pictures.Picture:
    """Of a table with these estimates, all of srpo's."""
    given = {"columns": ("x", "y"), "rows": (("a", "b"),) * len(rows)} | more.pop("table", {})
    marks = tuple(tuple(("srpo", one) for one in row) for row in rows)
    table = Table("costs", "", marks=marks, **given)
    needs = SimpleNamespace(needs="90 % fewer steps")
    a = analysis(run("grpo"), run("srpo"), **{"headline": needs} | more)
    return pictures._picture(a, table)


def at(value: float, low: float, high: float) -> Any:
    return pytest.approx(100 * log(value / low) / log(high / low), abs=0.01)


def test_ratios_reach_from_the_claim_or_the_least_to_the_most() -> None:
    """With a fifth and a quarter of room; to 1.4 at least."""
    without = picture([e(0.9)], threshold=None)
    assert without.rows[0][0].at == at(0.9, 0.4, 1.4)
    least = picture([e(0.2)], threshold=None)
    assert least.rows[0][0].at == at(0.2, 0.16, 1.4)
    most = picture([e(4.0)], threshold=None)
    assert most.rows[0][0].at == at(4.0, 0.4, 5.0)
    assert [name for _, name in most.ticks] == ["equal", "twice"]
    claimed = picture([e(0.9)], threshold=0.1)
    assert claimed.rows[0][0].at == at(0.9, 0.08, 1.4)
    nothing = picture([e(NAN)], threshold=None)
    assert nothing.rows == [[]]
    assert [name for _, name in nothing.ticks] == ["equal"]
    beyond = picture([e(0.0001), e(100.0)], threshold=None)
    assert beyond.rows[0][0].at == 0
    assert beyond.rows[0][1].at == at(25, 0.008, 25)
    half = picture([e(0.0), e(0.9)], threshold=None)  # a ratio of nothing widens no scale
    assert (half.rows[0][0].at, half.rows[0][1].at) == (0, at(0.9, 0.4, 1.4))


def test_a_claim_of_more_has_no_line_of_its_own() -> None:
    for threshold, named in ((0.9, True), (1.0, False), (1.1, False)):
        found = picture([e(0.9)], threshold=threshold)
        assert ([kind for _, kind in found.lines].count("claim") == 1) == (threshold <= 1)
        assert ("90 % fewer" in [name for _, name in found.ticks]) == named


def shares(*values: float) -> pictures.Picture:
    told = {"ratios": False}
    return picture([e(v) for v in values], table=told)


def test_shares_reach_from_a_little_below_the_least_to_all() -> None:
    found = shares(0.55, 1.0)
    assert [m.at for m in found.rows[0]] == [10, 100]  # from 50 %
    assert [name for _, name in found.ticks] == ["100 %", "70 %", "50 %"]
    assert [place for place, _ in found.lines] == [0, 40, 80, 100]
    low = shares(0.02)
    assert low.rows[0][0].at == 2
    assert [place for place, _ in low.lines] == [0, 40, 80, 100]
    none = shares(NAN)
    assert none.rows == [[]]
    assert [place for place, _ in none.lines] == [0, 40, 80, 100]
    alone = shares(1.0)
    assert alone.rows[0][0].at == 100


def test_marks_of_one_row_stand_below_one_another() -> None:
    assert [m.top for m in picture([e(0.5)]).rows[0]] == [50]
    assert [m.top for m in picture([e(0.5), e(0.6)]).rows[0]] == [15, 85]
    assert [m.top for m in picture([e(0.5), e(0.6), e(0.7)]).rows[0]] == [15, 50, 85]


def test_a_mark_stands_beside_its_column() -> None:
    columns = {"columns": ("x", "y", "z"), "rows": (("a", "b", "c"),)}
    assert picture([e(0.5)], table=columns).after == 2
    assert picture([e(0.5)], table={**columns, "beside": "y"}).after == 1
    assert picture([e(0.5)], table={**columns, "files_only": ("z",)}).after == 1
    assert picture([e(0.5)], table={**columns, "beside": "z", "files_only": ("y",)}).after == 1


def test_names_as_near_as_may_be() -> None:
    """Their letters and one between them."""
    ticks = [(0.0, "a"), (6.61, "b"), (13.2, "c"), (13.22, "d")]
    assert [name for _, name in pictures._legible(ticks)] == ["a", "b", "d"]
    long = [(0.0, "90 % fewer"), (35.1, "equal"), (35.3, "equal"), (55.0, "5 ×"), (55.2, "5 ×")]
    assert pictures._legible(long) == [long[0], long[2], long[4]]


def test_a_billion_is_told_in_billions() -> None:
    def said(count: int) -> str:
        return scale.model(comparison(run("a", manifest={"base": {"parameters": count}})))

    assert said(1_000_000_000) == "a model of 1 B parameters"
    assert said(999_000_000) == "a small model of 999 M parameters"
    assert said(1_800_000_000_000) == "a model of 1800 B parameters"


def test_responses_of_two_seeds_an_arm_of_those_that_have_any(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"step": 1}, {"step": None}, {"step": 2}]
    runs = [recorded(tmp_path, "grpo", seed, lines) for seed in (2, 3, 4)]
    found = samples.chosen(analysis(run("grpo", 1), *runs))
    assert {s["run"] for s in found} == {"grpo/seed-2", "grpo/seed-3"}
    assert [s["step"] for s in found] == [2, 2, 1, 1, None, None]
    half = [{"step": 0.5}, {"step": None}, {"step": -0.5}]
    found = samples.chosen(analysis(recorded(tmp_path / "h", "grpo", 1, half)))
    assert [s["step"] for s in found] == [0.5, None, -0.5]


def test_two_of_a_run_are_its_ends(tmp_path: Path) -> None:
    made = recorded(tmp_path, "grpo", 1, [{"step": i} for i in range(5)])
    assert [s["step"] for s in samples._thin(made, 2)] == [0, 4]
    assert [s["step"] for s in samples._thin(made, 3)] == [0, 2, 4]


def test_a_response_is_shown_with_its_words() -> None:
    shown = samples._show(run("grpo", 1), {"problem": "p", "response": "r", "expected": None})
    assert shown["run"] == "grpo/seed-1"
    assert [shown[k] for k in ("problem", "prompt", "response", "expected")] == ["p", "", "r", ""]
    assert shown["step"] is None


def test_two_problems_of_each_task_that_all_were_asked(tmp_path: Path) -> None:
    def asked(task: str, problem: str, step: int) -> dict[str, Any]:
        return {"step": step, "phase": "eval", "task": task, "problem": problem, "expected": 7}

    lines = [asked("t", f"t{i}", step) for step in (3, 8) for i in range(4)]
    lines += [asked("u", "u0", step) for step in (3, 8)]
    lines += [{"phase": "eval", "task": "v", "problem": "v0"}]  # of no step: before all others
    short = [line for line in lines[:-1] if line["problem"] != "t0"]
    both = [recorded(tmp_path, "grpo", 1, lines[:-1]), recorded(tmp_path, "srpo", 1, short)]
    found = samples.before_and_after(analysis(*both))
    assert [(one["task"], one["expected"]) for one in found] == [("t", "7"), ("t", "7"), ("u", "7")]
    assert [[x["first"]["step"], x["last"]["step"]] for x in found[0]["arms"]] == [[3, 8]] * 2
    alone = replace(both[0], folder=recorded(tmp_path / "x", "grpo", 1, lines).folder)
    first, last = samples._ends(alone)
    assert (list(first), len(last)) == ([], 5)
