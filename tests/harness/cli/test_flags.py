"""Flags become the settings they stand for, and --set finds whose setting is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srpo_bench.algorithms.registry import CONTROLS, LADDER
from srpo_bench.harness.cli.flags import arm_names, by_arm, nested, target_list
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError

GIVEN: dict[str, tuple[Any, str, Any]] = {
    "tasks": ("gsm8k,math", "data.tasks", ["gsm8k", "math"]),
    "eval_tasks": ("math", "evaluation.tasks", ["math"]),
    "final_tasks": ("math", "final.tasks", ["math"]),
    "model": ("micro", "model.path", "micro"),
    "data_dir": (Path("d"), "data.data_dir", "d"),
    "seeds": ("3-5,9", "seeds", (3, 4, 5, 9)),
    "target": ([0.5, 0.5, 0.8], "targets", [0.5, 0.8]),
    "steps": (7, "steps", 7),
    "limit": (2, "final.problems", 2),
    "k": (4, "final.k", 4),
    "temperature": (0.0, "final.temperature", 0.0),
    "top_p": (0.5, "final.top_p", 0.5),
    "max_new_tokens": (9, "final.max_new_tokens", 9),
    "style": ("chat", "data.style", "chat"),
    "shots": (0, "data.shots", 0),
    "engine": ("vllm", "rollout.engine", "vllm"),
    "batch": (8, "rollout.rows_at_once", 8),
    "threads": (1, "threads", 1),
    "device": ("cpu", "model.device", "cpu"),
    "dtype": ("float32", "model.dtype", "float32"),
}


@pytest.mark.parametrize("flag", GIVEN)
def test_each_flag_is_one_setting_that_there_is(flag: str) -> None:
    given, path, value = GIVEN[flag]
    expected: Any = value
    for key in reversed(path.split(".")):
        expected = {key: expected}
    assert nested(**{flag: given}) == expected
    Config.model_validate(expected)


def test_flags_of_one_section_meet_and_those_not_given_are_absent() -> None:
    settings = nested(k=2, limit=3, temperature=None, seeds=None)
    assert settings == {"final": {"k": 2, "problems": 3}}


@pytest.mark.parametrize("target", [0.0, 1.0, 80.0, float("nan")])
def test_a_target_is_a_fraction(target: float) -> None:
    with pytest.raises(UserError):
        target_list([target])


def test_arms_are_named_or_the_ladders_or_the_two_that_matter() -> None:
    assert arm_names(None, ladder=False) == ["grpo", "srpo"]
    assert arm_names(" grpo , again=grpo", ladder=False) == ["grpo", "again=grpo"]
    assert arm_names(["dapo"], ladder=False) == ["dapo"]
    assert arm_names(None, ladder=True) == [*LADDER, *CONTROLS]
    for wanted, ladder, sentence in (
        ("grpo,,srpo", False, "names an arm that is empty in 'grpo,,srpo'"),
        ("grpo", True, "leave out --algos"),
    ):
        with pytest.raises(UserError, match=sentence):
            arm_names(wanted, ladder)


def test_settings_go_to_the_comparison_or_to_an_arm_by_either_of_its_names() -> None:
    assigned = {"optim": {"lr": 1.0}, "mine": {"beta": 0.1}, "grpo": {"beta": 0.2}}
    assert by_arm(assigned, ["mine=grpo", "srpo"]) == {
        "optim": {"lr": 1.0},
        "algorithms": {"mine": {"beta": 0.1}, "grpo": {"beta": 0.2}},
    }
    with pytest.raises(UserError, match=r"did you mean 'srpo\.replay_fraction'"):
        by_arm({"replay_fraction": 0.5}, ["grpo", "srpo"])
    with pytest.raises(
        UserError, match=r"arm that runs dapo, and the arms here are grpo, mine=srpo"
    ):
        by_arm({"dapo": {"beta": 0.5}}, ["grpo", "mine=srpo"])


def test_tasks_are_named_with_spaces_between_them_or_without() -> None:
    assert nested(tasks="gsm8k, math", eval_tasks="math") == {
        "data": {"tasks": ["gsm8k", "math"]},
        "evaluation": {"tasks": ["math"]},
    }
