"""The pool is balanced, fixed, and free of what is evaluated on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.problems.load import load_problems

MICRO = {"data": {"tasks": ["micro-gsm8k", "micro-math"], "pool_size": 40}}


def config(*values: dict[str, Any]) -> Config:
    return layers.parse(Config, layers.merge(*values), "test")


def test_the_pool_is_balanced_over_tasks_and_levels() -> None:
    problems = load_problems(config(MICRO))
    strata = Counter((p.task, p.level) for p in problems.pool.values())
    assert len(strata) == 8
    assert set(strata.values()) == {5}


def test_the_pool_is_the_same_every_time_and_a_prefix_keeps_its_problems() -> None:
    first, again = load_problems(config(MICRO)), load_problems(config(MICRO))
    assert first.pool_digest == again.pool_digest
    assert first.evaluation_digest == again.evaluation_digest
    smaller = load_problems(config(MICRO, {"data": {"pool_size": 16}}))
    assert set(smaller.pool) < set(first.pool)
    assert smaller.pool_digest != first.pool_digest


def test_pool_and_evaluation_do_not_meet() -> None:
    problems = load_problems(config(MICRO, {"data": {"pool_size": 2000}}))
    held_out = {p.id for group in problems.evaluation.values() for p in group}
    assert len(held_out) == 1000
    assert not held_out & set(problems.pool)


def write_gsm8k(folder: Path, train: list[str], test: list[str]) -> None:
    (folder / "gsm8k").mkdir()
    for name, questions in (("train", train), ("test", test)):
        lines = [json.dumps({"question": q, "answer": "so\n#### 3"}) for q in questions]
        (folder / "gsm8k" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def test_a_training_problem_that_is_evaluated_on_is_left_out(tmp_path: Path) -> None:
    train = [f"Ann has {i} apples and eats {i - 1} of them. How many?" for i in range(2, 1002)]
    write_gsm8k(tmp_path, train, [train[7].upper(), "Something else, then?"])
    problems = load_problems(
        config(
            {"data": {"tasks": ["gsm8k"], "data_dir": str(tmp_path)}},
            {"evaluation": {"tasks": ["gsm8k"]}},
        )
    )
    assert len(problems.excluded) == 1
    assert train[7] not in {p.question for p in problems.pool.values()}
    assert train[6] in {p.question for p in problems.pool.values()}


def test_a_pool_that_is_too_small_for_a_step() -> None:
    with pytest.raises(UserError, match="holds 4 prompts but a step needs 8"):
        load_problems(config(MICRO, {"data": {"pool_size": 4}}))
