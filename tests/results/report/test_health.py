"""The health of runs as a report tells it: figures for machines, a row an arm, and a banner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.report import answer, words
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.report.summary import summary
from srpo_bench.results.report.tables.make import health
from tests.results import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both arms are at grpo's target by step 200 of 400, srpo at step 100."""
    return synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, noise=0.004, samples=0)


def steps(folder: Path, arm: str, first: int, last: int, **fields: Any) -> None:
    for path in (folder / arm).glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        lines = [line | fields if first <= line["step"] <= last else line for line in lines]
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_healthy_runs_have_no_banner(folder: Path) -> None:
    a = analyse(folder)
    assert words.health(a) == ""
    found = summary(a)["health"]
    assert found["srpo"]["up_to_baselines_crossing"]["short"] == 0
    assert found["srpo"]["collapsed"] is False
    assert found["srpo"]["plan"]["sentence"] is None
    assert found["grpo"].keys() == {
        *("whole_budget", "up_to_baselines_crossing"),
        *("prompt_twice_up_to_own_crossing", "collapsed"),
    }


def test_what_comes_after_the_baselines_crossing_decides_nothing(folder: Path) -> None:
    steps(folder, "srpo", 300, 400, pool_size=1, grad_norm=0.0)
    a = analyse(folder)
    assert words.health(a) == ""
    assert summary(a)["health"]["srpo"]["whole_budget"]["short"] == 101 / 400
    assert summary(a)["health"]["srpo"]["up_to_baselines_crossing"]["short"] == 0


def test_a_starving_challenger_is_named_above_everything(folder: Path) -> None:
    steps(folder, "srpo", 1, 50, pool_size=1)
    a = analyse(folder)
    told = summary(a)["health"]["srpo"]
    share = told["up_to_baselines_crossing"]["short"]
    assert share == pytest.approx(0.25, abs=0.02)
    sentence = (
        f"up to grpo's crossing srpo was short of prompts in {100 * share:.0f} % of its steps"
    )
    assert words.health(a) == f"Health of the runs: {sentence}."
    assert f"U{sentence[1:]}." in answer.headlines(a)[0].sentence
    assert sentence in a.neutral["srpo"].sentence
    assert told["plan"] == {
        "short_from_step": None, "known": False, "starves": False, "sentence": sentence,
    }  # fmt: skip


def test_steps_without_gradient_and_responses_cut_off_are_named_for_any_arm(folder: Path) -> None:
    steps(folder, "grpo", 1, 400, truncated=0.75)
    steps(folder, "srpo", 1, 20, grad_norm=0.0)
    told = words.health(analyse(folder))
    assert "crossing 75 % of grpo's responses were cut off" in told
    assert "crossing srpo had no gradient in 10 % of its steps" in told


def test_the_table_has_both_windows(folder: Path) -> None:
    steps(folder, "srpo", 301, 400, pool_size=1)
    table = health(analyse(folder))
    cells = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert cells["srpo"]["fewer prompts than a batch"] == "0.0 % / 25.0 %"
    assert cells["srpo"]["a prompt twice in a step"] == "– / –"
    assert cells["grpo"]["fewer prompts than a batch"] == "0.0 % / 0.0 %"
    assert cells["grpo"]["collapses"] == "no"


def test_runs_that_record_no_steps_have_no_row(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, training=False, samples=0)
    assert health(analyse(folder)).rows == ()


def test_runs_that_rarely_hold_a_prompt_twice_are_counted_up_to_their_own_target(
    folder: Path,
) -> None:
    """srpo is at its target near step 100: up to there five steps in a hundred may."""
    once, twice = ([{"prompt": p, "right": 1, "n": 2} for p in both] for both in ("ab", "aa"))
    steps(folder, "srpo", 1, 400, by_prompt=once)
    steps(folder, "srpo", 200, 400, by_prompt=twice)
    steps(folder, "srpo", 1, 4, by_prompt=twice)
    told = summary(analyse(folder))["health"]["srpo"]["prompt_twice_up_to_own_crossing"]
    assert told["runs_within"] == len(told["by_run"]) > 0
    assert told["by_run"][0] == pytest.approx(0.04, abs=0.003)
    steps(folder, "srpo", 1, 8, by_prompt=twice)
    told = summary(analyse(folder))["health"]["srpo"]["prompt_twice_up_to_own_crossing"]
    assert told["runs_within"] == 0
