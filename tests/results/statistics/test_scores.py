"""Accuracies by seed, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from srpo_bench.results.statistics import scores
from tests.results.made import NAN, comparison, run


def test_differences_are_paired_by_seed_and_what_is_missing_counts_either_way() -> None:
    """Seed 1 is whole; 2 lacks ours, 3 lacks theirs, 4 was planned and is nowhere."""
    runs = [run("srpo", 1), run("grpo", 1), run("grpo", 2), run("srpo", 3)]
    value = {("srpo", 1): 0.7, ("grpo", 1): 0.4, ("grpo", 2): 0.3, ("srpo", 3): 0.6}
    found = scores.differences(
        comparison(*runs, seeds=[1, 2, 3, 4]),
        ("srpo", "grpo"),
        lambda r: value[r.arm, r.seed],
        lambda r: value[r.arm, r.seed],
    )
    assert found.complete == pytest.approx([0.3])
    assert found.least == pytest.approx([0.3, 0 - 0.3, 0.6 - 1, 0 - 1])
    assert found.most == pytest.approx([0.3, 1 - 0.3, 0.6 - 0, 1 - 0])
    assert found.missing == ("srpo/seed-2", "grpo/seed-3", "srpo/seed-4", "grpo/seed-4")


def test_each_arm_has_its_own_accuracy() -> None:
    runs = [run("srpo", 1, (0.1, 0.9)), run("grpo", 1, (0.2, 0.5))]
    found = scores.differences(
        comparison(*runs), ("srpo", "grpo"), lambda r: r.evals.accuracy[0], scores.finished
    )
    assert found.complete == pytest.approx([0.1 - 0.5])
    assert found.missing == ()
    none = scores.differences(comparison(), ("a", "b"), scores.finished, scores.finished)
    assert (len(none.complete), len(none.least), len(none.most)) == (0, 0, 0)


def test_an_accuracy_at_a_step_is_the_last_one_by_then() -> None:
    done = run(accuracy=(0.1, 0.2, 0.3))
    assert [scores.at_step(done, s) for s in (0, 9.9, 10, 19, 20, 99)] == [
        0.1, 0.1, 0.2, 0.2, 0.3, 0.3,
    ]  # fmt: skip
    assert np.isnan(scores.at_step(done, -1))


def test_a_run_that_is_not_done_is_known_up_to_its_last_evaluation() -> None:
    failed = run(accuracy=(0.1, 0.2, 0.3), state="failed")
    assert scores.at_step(failed, 20) == 0.3
    assert np.isnan(scores.at_step(failed, 20.5))
    assert scores.at_step(failed, 10) == 0.2


def test_the_end_is_the_mean_of_the_last_two_after_the_first() -> None:
    tasks = {"a": (0.0, 0.5, 1.0)}
    assert scores.at_end(run(accuracy=(0.9, 0.4, 0.6), tasks=tasks)) == 0.5
    assert scores.at_end(run(accuracy=(0.9, 0.4, 0.6), tasks=tasks), "a") == 0.75
    assert scores.at_end(run(accuracy=(0.9, 0.4))) == 0.4
    assert scores.at_end(run(accuracy=(0.9,))) == 0.9
    assert np.isnan(scores.at_end(run(accuracy=())))
    assert np.isnan(scores.at_end(run(), "absent"))


def test_only_a_run_that_is_done_has_finished() -> None:
    assert scores.finished(run(accuracy=(0.2, 0.8))) == 0.8
    assert np.isnan(scores.finished(run(accuracy=(0.2, 0.8), state="failed")))


def test_all_are_scored_alike() -> None:
    """On final benchmarks where all have them, on both tasks; else all by their evaluations."""
    final = {"a": {"accuracy": 0.1}, "b": {"accuracy": 0.3}}
    tasks = {"a": (0, 0.6), "b": (0, 0.8)}
    one = run("grpo", 1, tasks=tasks, final=final)
    two = run("srpo", 1, tasks=tasks, final=final)
    bare = run("srpo", 2, tasks=tasks, final={"a": {"accuracy": 0.1}})
    assert scores.scorer([one, two], ("a", "b"))(one) == pytest.approx(0.2)
    assert scores.scorer([one, bare], ("a", "b"))(one) == pytest.approx(0.7)
    assert scores.scorer([one, bare], ("a",))(bare) == pytest.approx(0.1)
    assert np.isnan(scores.scorer([one], ("c",))(one))


def test_pairs_are_finished_runs_of_one_seed_in_order() -> None:
    runs = [run("srpo", s) for s in (3, 1, 2)] + [run("grpo", s) for s in (2, 3, 4)]
    runs += [run("srpo", 4, state="failed")]
    found = scores.pairs(comparison(*runs), "srpo", "grpo")
    assert [(a.name, b.name) for a, b in found] == [
        ("srpo/seed-2", "grpo/seed-2"),
        ("srpo/seed-3", "grpo/seed-3"),
    ]


def test_a_row_a_run_and_a_column_a_task() -> None:
    runs = [run(tasks={"a": (0, 0.25), "b": (0, 0.5)}), run(tasks={"a": (0, 1.0)})]
    found = scores.score_matrix(runs, ["a", "b"])
    assert np.array_equal(found, [[0.25, 0.5], [1.0, NAN]], equal_nan=True)
    assert scores.score_matrix([], ["a", "b"]).shape == (0, 2)
