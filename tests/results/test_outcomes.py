"""Runs, arms, checkpoints and what ``bench eval`` wrote, as sides of a paired test."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.asked import of_run
from srpo_bench.results.outcomes import (
    Outcomes,
    Side,
    _joined,
    compare,
    evaluations,
    known_to_differ,
    read_side,
)
from srpo_bench.results.seal import seal
from srpo_bench.results.store import ResultsError

IDS = ["a", "b", "c"]


def line(step: int, correct: list[int], k: int = 2) -> dict[str, Any]:
    score = {"accuracy": sum(correct) / k / len(correct), "k": k, "n": 3, "correct": correct}
    return {"step": step, "accuracy": score["accuracy"], "tasks": {"t": score}}


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    for arm, counts in (("grpo", [1, 0, 2]), ("srpo", [2, 1, 2])):
        for seed in (1, 2):
            run = folder / arm / f"seed-{seed}"
            run.mkdir(parents=True)
            (run / "manifest.json").write_text(json.dumps({"seed": seed}))
            lines = [line(0, [0, 0, 0]), line(8, counts)]
            (run / "evals.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    plan = {"problems": {"evaluation": {"t": IDS}, "final": {"t": ["c", "d"]}}}
    (folder / "comparison.json").write_text(json.dumps(plan))
    return folder


def scored(folder: Path, models: dict[str, list[int]], k: int = 2, ids: Any = IDS) -> Path:
    folder.mkdir()
    scores = [
        {"model": model, "task": "t", "metric": metric, "k": k, "correct": correct}
        for model, counts in models.items()
        for metric, correct in (("own", counts), ("other", [0, 0, 0]))
    ]
    record = {"models": {m: {} for m in models}, "scores": scores, "problems": {"t": ids}}
    (folder / "scores.json").write_text(json.dumps(record))
    return folder


def test_arms_are_compared_seed_by_seed(comparison: Path) -> None:
    phase, (test,) = compare(read_side(comparison / "srpo"), read_side(comparison / "grpo"))
    assert (phase, test.task, test.seeds, test.k) == ("evaluation", "t", 2, (2, 2))
    assert (test.result.ours, test.result.theirs) == (5 / 6, 1 / 2)


def test_a_run_is_its_last_evaluation_and_a_checkpoint_its_own(comparison: Path) -> None:
    run = comparison / "grpo" / "seed-1"
    assert [step for step, _ in evaluations(run)] == [0, 8]
    at_start = read_side(run / "checkpoints" / "step-0")
    _, (test,) = compare(read_side(run), at_start)
    assert (test.result.ours, test.result.theirs) == (1 / 2, 0)
    with pytest.raises(ResultsError, match="no evaluation at step-4; evaluated steps: 0, 8"):
        read_side(run / "checkpoints" / "step-4")


def test_the_final_scoring_counts_before_the_last_evaluation(comparison: Path) -> None:
    for seed in (1, 2):
        for arm, correct in (("grpo", [0, 1]), ("srpo", [1, 1])):
            path = comparison / arm / f"seed-{seed}" / "final.json"
            path.write_text(json.dumps(line(8, correct, k=1)))
    phase, (test,) = compare(read_side(comparison / "srpo"), read_side(comparison / "grpo"))
    assert (phase, test.result.difference.n, test.result.ours) == ("final", 2, 1)
    step = comparison / "grpo" / "seed-1" / "checkpoints" / "step-0"
    assert compare(read_side(comparison / "srpo" / "seed-1"), read_side(step))[0] == "evaluation"


def test_scores_of_bench_eval_and_their_own_metric(tmp_path: Path) -> None:
    """Problems are found by their ids, whatever their order; k need not be the same."""
    ours = scored(tmp_path / "x", {"m": [2, 0, 1]})
    theirs = scored(tmp_path / "y", {"p": [1, 3, 4], "q": [0, 0, 0]}, 4, ["c", "a", "e"])
    _, (test,) = compare(read_side(ours), read_side(theirs / "p"))
    assert test.k == (2, 4)
    assert test.result.difference.n == 2
    assert (test.result.ours, test.result.theirs) == (3 / 4, 1 / 2)
    with pytest.raises(ResultsError, match="several models; name one"):
        read_side(theirs)
    with pytest.raises(ResultsError, match=r"scores of no model 'r'; name one: .*/p, .*/q\."):
        read_side(theirs / "r")


def test_problems_that_are_others_under_the_same_ids_are_told(tmp_path: Path) -> None:
    """A row's id is its place in a file: of a file that was edited it names another problem."""
    folders = []
    for name, ids, contents, file in (
        ("x", ["a", "b", "c"], ["1", "2", "3"], "0" * 64),
        ("y", ["c", "a", "e"], ["3", "9", "8"], "f" * 64),
        ("old", ["a", "b", "c"], None, None),
    ):
        folder = scored(tmp_path / name, {"m": [1, 1, 1]}, ids=ids)
        record = json.loads((folder / "scores.json").read_text())
        more = {"contents": {"t": contents}, "plugins": {"task.t": file}} if contents else {}
        (folder / "scores.json").write_text(json.dumps({**record, **more}))
        folders.append(folder)
    x, y, old = map(read_side, folders)
    assert known_to_differ(x, y, "final") == [
        "t's file 000000000000 and ffffffffffff",
        "1 of 2 problems of t, whose questions or answers are others under the same ids",
    ]
    for other in (x, old):  # an older record does not say
        assert known_to_differ(x, other, "final") == []


def test_contents_of_runs_stand_in_their_comparison(comparison: Path) -> None:
    plan = json.loads((comparison / "comparison.json").read_text())
    told = {**plan, "contents": {"evaluation": {"t": ["1", "2", "3"]}, "final": {}}}
    (comparison / "comparison.json").write_text(json.dumps(told))
    run = comparison / "grpo" / "seed-1"
    assert evaluations(run)[0][1]["t"].contents == ("1", "2", "3")
    assert read_side(comparison / "grpo").scored["evaluation"]["t"].contents == ("1", "2", "3")
    told["contents"]["evaluation"]["t"].pop()
    (comparison / "comparison.json").write_text(json.dumps(told))
    with pytest.raises(ResultsError, match="damaged records"):
        evaluations(run)


def test_an_arm_of_bench_eval_is_its_newest_checkpoints(tmp_path: Path) -> None:
    models = {"grpo/seed-1/step-20": [0, 0, 0], "grpo/seed-1/step-100": [2, 2, 2],
              "grpo/seed-2/step-20": [1, 1, 1], "grpo-again/seed-1/step-5": [0, 0, 0],
              "grpo/seed-3/newest": [0, 0, 0], "srpo/seed-1/step-900": [0, 0, 0]}  # fmt: skip
    side = read_side(scored(tmp_path / "x", models) / "grpo")
    found = side.scored["final"]["t"]
    assert (found.seeds, found.correct.tolist()) == ((1, 2), [[2, 2, 2], [1, 1, 1]])


def test_what_is_not_comparable_is_said_so(comparison: Path, tmp_path: Path) -> None:
    run = read_side(comparison / "grpo" / "seed-1")
    other = scored(tmp_path / "x", {"m": [2, 0, 1]})
    with pytest.raises(ResultsError, match="scored in different ways"):
        compare(run, read_side(other))
    with pytest.raises(ResultsError, match="no problem of t in common"):
        compare(read_side(other), read_side(scored(tmp_path / "y", {"m": [1, 1]}, ids=["p", "q"])))
    with pytest.raises(ResultsError, match=r"whole comparison; name an arm of it: .*grpo, .*srpo"):
        read_side(comparison)
    for path in (
        tmp_path,
        comparison / "grpo/seed-1/other/step-8",
        tmp_path / "checkpoints/step-8",
    ):
        path.mkdir(parents=True, exist_ok=True)
        with pytest.raises(ResultsError, match="is no run, no arm"):
            read_side(path)


def test_older_records_are_told(comparison: Path) -> None:
    (comparison / "comparison.json").write_text("{}")
    with pytest.raises(ResultsError, match="no outcomes by problem"):
        read_side(comparison / "grpo" / "seed-1")


def test_counts_of_other_problems_are_damage(comparison: Path) -> None:
    (comparison / "comparison.json").write_text('{"problems": {"evaluation": {"t": ["a"]}}}')
    with pytest.raises(ResultsError, match="3 outcomes for 1 problems"):
        read_side(comparison / "grpo" / "seed-1")


def rows_of(seeds: tuple[int, ...], *correct: list[int], k: int = 2) -> Outcomes:
    return Outcomes(("a", "b"), k, seeds, np.array(correct))


def side(*outcomes: Outcomes, label: str = "x", phase: str = "final") -> Side:
    return Side(label, {phase: {f"t{i}": o for i, o in enumerate(outcomes)}})


def test_only_seeds_of_both_make_pairs_and_one_row_stands_against_all() -> None:
    ours = rows_of((1, 2), [2, 2], [0, 1])
    theirs = rows_of((2, 3), [1, 1], [2, 2])
    ((test,),) = [compare(side(ours), side(theirs))[1]]
    assert (test.seeds, test.result.ours, test.result.theirs) == (1, 1 / 4, 1 / 2)
    with pytest.raises(ResultsError, match="no seed in common"):
        compare(side(ours), side(rows_of((3, 4), [1, 1], [2, 2])))
    ((test,),) = [compare(side(ours), side(rows_of((9,), [1, 1])))[1]]
    assert (test.seeds, test.result.ours, test.result.theirs) == (2, 5 / 8, 1 / 2)
    assert compare(side(rows_of((9,), [1, 1])), side(ours))[1][0].seeds == 2


def test_seeds_are_joined_where_all_were_scored_alike() -> None:
    one, two = rows_of((1,), [1, 2]), rows_of((2,), [0, 1])
    found = _joined("arm", [side(one, one), side(two)])
    assert found.label == "arm"
    assert list(found.scored["final"]) == ["t0"]
    assert found.scored["final"]["t0"].seeds == (1, 2)
    assert found.scored["final"]["t0"].correct.tolist() == [[1, 2], [0, 1]]
    assert _joined("arm", [side(one), side(rows_of((2,), [0, 1], k=4))]).scored == {}
    assert _joined("arm", [side(one), side(two, phase="evaluation")]).scored == {}


def test_a_model_at_its_first_step_and_models_by_their_name(tmp_path: Path) -> None:
    folder = scored(tmp_path / "x", {"grpo/seed-7/step-0": [1, 1, 1], "m": [2, 2, 2]})
    found = read_side(folder / "grpo")
    assert (found.label, found.scored["final"]["t"].seeds) == (str(folder / "grpo"), (7,))
    found = read_side(folder / "m")
    assert (found.label, found.scored["final"]["t"].seeds) == (str(folder / "m"), (0,))
    lone = scored(tmp_path / "y", {"m": [2, 2, 2]})
    assert read_side(lone).label == str(lone)


def test_what_has_no_outcomes_is_left_out(comparison: Path) -> None:
    run = comparison / "grpo" / "seed-1"
    score = {"accuracy": 0.5, "k": 2, "n": 3}
    tasks = {"bare": score, "unknown": {**score, "correct": [1, 1, 1]}}
    (run / "evals.jsonl").write_text(
        json.dumps({"step": 0, "accuracy": 0.5, "tasks": tasks}) + "\n"
    )
    assert evaluations(run) == []
    with pytest.raises(ResultsError, match="no evaluation at step-0; evaluated steps: none"):
        read_side(run / "checkpoints" / "step-0")
    with pytest.raises(ResultsError, match="no evaluation at step-old"):
        read_side(run / "checkpoints" / "step-old")
    with pytest.raises(ResultsError, match="holds no outcomes by problem"):
        read_side(run)


def test_of_several_evaluations_a_run_is_the_last(comparison: Path) -> None:
    path = comparison / "grpo" / "seed-1" / "evals.jsonl"
    with path.open("a") as f:
        f.write(json.dumps(line(16, [2, 2, 2])) + "\n")
    assert read_side(path.parent).scored["evaluation"]["t"].correct.tolist() == [[2, 2, 2]]


def test_what_beside_the_models_differs_is_named(comparison: Path, tmp_path: Path) -> None:
    first, second = (comparison / "srpo" / f"seed-{seed}" for seed in (1, 2))
    arm = comparison / "grpo"
    assert known_to_differ(read_side(comparison / "srpo"), read_side(arm), "evaluation") == []
    with (first / "evals.jsonl").open("a") as f:
        f.write(json.dumps(line(16, [2, 2, 2])) + "\n")
    assert known_to_differ(read_side(first), read_side(second), "evaluation") == ["step 16 and 8"]
    assert known_to_differ(read_side(comparison / "srpo"), read_side(arm), "evaluation") == [
        "step 16, 8 and 8"
    ]
    greedy, sampled = (scored(tmp_path / name, {"m": [2, 0, 1]}) for name in ("x", "y"))
    for folder, more in ((greedy, {"temperature": 0.0, "max_new_tokens": None}),
                         (sampled, {"temperature": 0.7, "max_new_tokens": 80})):  # fmt: skip
        record = json.loads((folder / "scores.json").read_text())
        record |= {"backend": "own", "settings": {"shots": 0, "date": "2026-01-01", **more}}
        record["models"]["m"] = {"sha256": folder.name, "step": None, "style": "base"}
        (folder / "scores.json").write_text(json.dumps(record))
    assert known_to_differ(read_side(greedy), read_side(sampled), "final") == [
        "temperature 0.0 and 0.7", "max_new_tokens each task's own and 80",
    ]  # fmt: skip
    assert known_to_differ(read_side(greedy), read_side(greedy), "final") == []


def test_settings_of_a_run_are_those_of_what_was_scored() -> None:
    settings = {"rollout": {"max_new_tokens": 32, "temperature": 9}, "data": {"style": "auto"},
                "evaluation": {"temperature": 1.0}, "final": {"max_new_tokens": None}}  # fmt: skip
    assert of_run({"settings": settings}, "evaluation", 4) == {
        "step": (4,), "temperature": (1.0,), "max_new_tokens": (32,),
    }  # fmt: skip
    assert of_run({"settings": settings}, "final", 4) == {"step": (4,), "max_new_tokens": (None,)}


def test_a_run_that_was_changed_after_it_had_ended_is_no_side(comparison: Path) -> None:
    run = comparison / "grpo" / "seed-1"
    seal(run)
    assert read_side(run).scored
    (run / "evals.jsonl").write_text(json.dumps(line(8, [2, 2, 2])) + "\n")
    for path in (run, run / "checkpoints" / "step-8", run.parent):
        with pytest.raises(ResultsError, match="not as it was when it was finished"):
            read_side(path)
