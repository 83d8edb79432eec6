from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome, Problem, TaskError
from srpo_bench.tasks.math import Math

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def test_outcomes_are_kept_apart() -> None:
    problem = Problem("math/x", "math", "math", "?", r"\frac{1}{2}")
    responses = [r"so \boxed{0.5}", r"\boxed{2}", "no box", r"\boxed{9^{9^9}}"]
    grades = Math().grade([problem] * 4, responses)
    assert [g.outcome for g in grades] == [
        Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSEABLE, Outcome.UNPARSEABLE,
    ]  # fmt: skip
    assert [g.format for g in grades] == [1.0, 1.0, 0.0, 1.0]


def test_of_several_values_each_may_have_its_box() -> None:
    roots = Problem("math/x", "math", "math", "?", "1, -2")
    responses = [r"\boxed{1} and \boxed{-2}", r"$x=\boxed{-2}$ or $x=\boxed{1}$", r"\boxed{1, -2}"]
    right = Math().grade([roots] * 3, responses)
    assert {g.outcome for g in right} == {Outcome.CORRECT}
    wrong = Math().grade(
        [roots] * 3, [r"\boxed{1}", r"\boxed{1}, \boxed{2}", r"\boxed{1}. \boxed{-2}"]
    )
    assert {g.outcome for g in wrong} == {Outcome.WRONG}
    for one, given in (
        ("(1,2)", r"\boxed{(2,1)} \boxed{(1,2)}"),
        ("x=5", r"\boxed{4}, \boxed{x=5}"),
    ):
        problem = Problem("math/y", "math", "math", "?", one)
        (grade,) = Math().grade([problem], [given])
        assert grade.outcome is Outcome.CORRECT


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_math_500_gold_solutions_are_correct() -> None:
    task = Math()
    problems = task.load("test", DATA)
    assert len(problems) == 500
    assert {p.level for p in problems} == set("12345")
    assert len({p.meta["subject"] for p in problems}) == 7
    grades = task.grade(problems, [p.meta["solution"] for p in problems])
    assert all(g.outcome is Outcome.CORRECT for g in grades)


def test_train_split_keeps_level_and_subject(tmp_path: Path) -> None:
    (tmp_path / "math").mkdir()
    row = r'{"problem": "?", "level": "Level 3", "type": "Algebra", "solution": "\\boxed{4}"}'
    (tmp_path / "math" / "train.jsonl").write_text(row + "\n")
    (problem,) = Math().load("train", tmp_path)
    assert (problem.answer, problem.level, problem.meta["subject"]) == ("4", "3", "Algebra")
    with pytest.raises(TaskError, match="math500/test"):
        Math().load("test", tmp_path)
