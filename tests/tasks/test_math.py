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
