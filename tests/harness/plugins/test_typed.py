"""What is typed becomes the name of what the file brings, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.arms import parse_arms
from srpo_bench.harness.plugins import typed
from srpo_bench.tasks import registry as tasks
from srpo_bench.tasks import rewards


def test_arms_are_called_by_their_classes_names(mine: Path) -> None:
    file = mine / "mine.py"
    assert typed.arm("grpo") == "grpo"
    assert typed.arm(f"{file}:Winners") == "winners"
    assert typed.arm(f"fast={file}:Winners+npr") == "fast=winners+npr"
    assert typed.arm(f"grpo+{file}:Mixed") == "grpo+mixed"
    assert typed.arm(f"{file}:Winners+{file}:Mixed") == "winners+mixed"
    (arm,) = parse_arms(["fast=winners+npr"], {"fast": {"epsilon_low": 0.1}})
    assert (arm.name, arm.algorithm, arm.sampler) == ("fast", "winners", "npr")


def test_tasks_and_rewards_are_called_by_their_names(mine: Path) -> None:
    values = {"data": {"tasks": [f"{mine / 'mine.py'}:Mine", "gsm8k"]}, "steps": 3}
    named = typed.tasks(values | {"final": {"tasks": [str(mine / "my.yaml")]}})
    assert named["data"]["tasks"] == ["mine", "gsm8k"]
    assert named["final"]["tasks"] == ["my"]
    assert named["steps"] == 3
    assert tasks.get("mine").name == "mine"
    assert typed.reward(f"{mine / 'mine.py'}:brevity") == "brevity"
    assert rewards.get("brevity")([], ["abc"], []) == [0.25]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine.py", "say which of its classes: .*mine.py:NAME"),
        ("mine.py:Nothing", "has nothing called 'Nothing'"),
        ("mine.py:NUMBER", "is not a subclass of"),
        ("mine.py:Thief", "called 'grpo', which is a built-in one; give it another name"),
        ("mine.py:Mine", "is a task, where algorithm or sampler is wanted"),
        ("other.py:A", "Cannot read .*other.py: No such file"),
    ],
)
def test_what_is_no_method_is_told(mine: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        typed.arm(str(mine / text))


def test_a_file_that_needs_a_neighbour_is_told_what_to_be(mine: Path) -> None:
    (mine / "needs.py").write_text("import neighbour_of_mine\n")
    with pytest.raises(UserError, match="one that needs others is a package"):
        typed.arm(f"{mine / 'needs.py'}:A")


def test_two_files_of_one_name_are_told_apart(mine: Path, tmp_path: Path) -> None:
    typed.arm(f"{mine / 'mine.py'}:Winners")
    other = tmp_path / "mine.py"
    other.write_text((mine / "mine.py").read_text() + "\n")
    with pytest.raises(UserError, match="both bring the algorithm 'winners'; rename one"):
        typed.arm(f"{other}:Winners")


def test_a_reward_may_not_take_a_grades_own_name(mine: Path) -> None:
    (mine / "r.py").write_text("def accuracy(p, t, g):\n    return []\n")
    with pytest.raises(UserError, match="a grade's own field; give it another name"):
        typed.reward(f"{mine / 'r.py'}:accuracy")
    with pytest.raises(UserError, match=r"--reward takes FILE\.py:function, not 'brevity'"):
        typed.reward("brevity")
