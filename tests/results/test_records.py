"""Columns of a run's files, from lines by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.records import read_evaluations, read_steps, read_timing
from srpo_bench.results.schema import PHASES, PROCESSOR
from tests.results.made import comparison


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.filterwarnings("error")
def test_shares_are_of_a_steps_groups_and_unknown_without_any(tmp_path: Path) -> None:
    told = ({"groups": 4, "groups_all_correct": 1, "groups_all_wrong": 2},
            {"groups": 1, "groups_all_correct": 1, "groups_all_wrong": 0},
            {"groups": 0, "groups_all_correct": 0, "groups_all_wrong": 0}, {})  # fmt: skip
    lines = [{"step": i} | line for i, line in enumerate(told, 1)]
    step, curves, _ = read_steps(written(tmp_path / "steps.jsonl", *lines))
    assert step.tolist() == [1, 2, 3, 4]
    for name, shares in (
        ("all_correct", [0.25, 1]), ("all_wrong", [0.5, 0]), ("zero_variance", [0.75, 1]),
    ):  # fmt: skip
        assert curves[name][:2].tolist() == shares
        assert np.isnan(curves[name][2:]).all()


def test_a_ledger_is_summed_over_the_steps_that_have_an_entry(tmp_path: Path) -> None:
    lines = {"step": 1, "ledger": {"a": 2}}, {"step": 2, "ledger": {"a": 3, "b": 4}}, {"step": 3}
    assert read_steps(written(tmp_path / "steps.jsonl", *lines))[2] == {"a": 5, "b": 4}


def test_a_sum_is_the_same_in_every_python(tmp_path: Path) -> None:
    """Python 3.11 adds ten tenths up to less than one, 3.12 to one; whole numbers stay whole."""
    lines = [{"step": n + 1, "ledger": {"flops": 0.1, "prompts": 1}} for n in range(10)]
    spent = read_steps(written(tmp_path / "steps.jsonl", *lines))[2]
    assert spent == {"flops": 1.0, "prompts": 10}
    assert isinstance(spent["prompts"], int)


def test_a_clock_leaves_evaluation_out_and_counts_processors_where_all_steps_do(
    tmp_path: Path,
) -> None:
    one = {"step": 1, "evaluation": 100.0, **{p: 1.0 for p in PHASES if p != "evaluation"}}
    other = {"step": 2, PHASES[0]: 3.0}
    clock, sums = read_timing(written(tmp_path / "timing.jsonl", one, other))
    assert clock is not None
    assert [x.tolist() for x in clock] == [[1, 2], [len(PHASES) - 1, len(PHASES) + 2]]
    assert sums["seconds_evaluation"] == 100
    assert "processor_seconds" not in sums
    lines = [line | {PROCESSOR: seconds} for line, seconds in ((one, 5.0), (other, 2.5))]
    lines[1][f"{PROCESSOR}_rollout"] = 1.5
    sums = read_timing(written(tmp_path / "timing.jsonl", *lines))[1]
    assert sums["processor_seconds"] == 7.5
    assert "processor_seconds_rollout" not in sums
    lines[0][f"{PROCESSOR}_rollout"] = 0.25
    sums = read_timing(written(tmp_path / "timing.jsonl", *lines))[1]
    assert sums["processor_seconds_rollout"] == 1.75
    assert read_timing(tmp_path / "absent.jsonl") == (None, {})


def test_every_task_has_the_error_that_its_own_score_tells(tmp_path: Path) -> None:
    tasks = ({"a": {"accuracy": 0.5, "stderr": 0.1}, "b": {"accuracy": 1}},
             {"a": {"accuracy": 0.7, "stderr": 0.2}})  # fmt: skip
    lines = [{"step": i, "accuracy": 0.5, "tasks": scores} for i, scores in enumerate(tasks)]
    evals = read_evaluations(written(tmp_path / "evals.jsonl", *lines), None)
    assert evals.errors["a"].tolist() == [0.1, 0.2]
    assert np.isnan(evals.errors["b"]).all()


def test_a_comparison_without_runs_ends_where_it_begins() -> None:
    assert comparison().horizon == 0
