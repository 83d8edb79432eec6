from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.report.summary import summary
from tests.results import synthetic


def medians(path: Path, baseline: float, challenger: float) -> Any:
    arms = {"grpo": baseline, "srpo": challenger}
    folder = synthetic.write(path, arms, noise=0.0, spread=0.02, training=False, samples=0)
    synthetic.change(folder, "comparison.json", targets=[0.8])
    found = summary(analyse(folder))["comparisons"][0]
    return found["ratio_of_medians"], found["ratio_of_medians_bound"]


def test_the_ratio_of_medians_is_a_bound_where_an_arm_has_none(tmp_path: Path) -> None:
    assert medians(tmp_path / "both", 1.0, 0.5) == (pytest.approx(0.5, rel=0.05), None)
    value, late = medians(tmp_path / "late", 0.5, 9.0)  # the baseline is there by 100 of 400 steps
    assert (value, late["bound"]) == (None, "lower")
    assert late["value"] == pytest.approx(4, rel=0.2)
    value, early = medians(tmp_path / "early", 9.0, 0.5)
    assert (value, early["bound"]) == (None, "upper")
    assert early["value"] == pytest.approx(0.25, rel=0.2)


def test_an_arm_that_was_seen_for_less_bounds_less(tmp_path: Path) -> None:
    """An import whose challenger's log ends at 150 of 400 steps, with nobody there yet."""
    folder = synthetic.write(
        tmp_path / "c", {"grpo": 0.5, "srpo": 9.0}, 2, noise=0.0, spread=0.02, training=False,
        samples=0,
    )  # fmt: skip
    synthetic.change(folder, "comparison.json", targets=[0.8], contract={"steps": None})
    for seed in (1, 2):
        evals = folder / "srpo" / f"seed-{seed}" / "evals.jsonl"
        evals.write_text("".join(evals.read_text().splitlines(keepends=True)[:16]))
        for arm in ("grpo", "srpo"):
            synthetic.change(
                folder / arm / f"seed-{seed}", "manifest.json", contract={"steps": None}
            )
    a = analyse(folder)
    last = a.comparison.of("srpo")[0].last_step
    found = summary(a)
    told, arms = found["comparisons"][0], found["arms"]
    baseline = arms["grpo"]["steps_to_target"]["median"]
    assert told["ratio_of_medians_bound"] == {"value": last / baseline, "bound": "lower"}
    assert told["rmst_ratio"] is None
    assert arms["srpo"]["steps_to_target"]["rmst"] is None
    assert arms["grpo"]["steps_to_target"]["rmst"] > 0
    assert f"4 runs of {last:g} to 400 steps" in answer.runs(a)


def test_no_bound_while_runs_are_under_way(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 0.5, "srpo": 9.0}, 2, training=False)
    synthetic.change(folder / "srpo" / "seed-1", "status.json", state="running")
    found = summary(analyse(folder))["comparisons"][0]
    assert found["ratio_of_medians"] is None
    assert found["ratio_of_medians_bound"] is None


@pytest.mark.parametrize("lost", ["runs", "evaluations"])
def test_an_arm_of_which_nothing_is_there_bounds_nothing(tmp_path: Path, lost: str) -> None:
    """Its folder was not copied with the others, or its runs are done and their curves are lost."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 0.5, "srpo": 0.5}, 2, training=False)
    if lost == "runs":
        shutil.rmtree(folder / "srpo")
    for evals in (folder / "srpo").glob("*/evals.jsonl"):
        evals.write_text("")
    found = summary(analyse(folder))["comparisons"][0]
    assert found["ratio_of_medians"] is None
    assert found["ratio_of_medians_bound"] is None
