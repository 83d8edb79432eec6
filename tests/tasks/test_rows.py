"""A row of each benchmark's file as the problem that it is, whole; its examples; its grades."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome, Problem, Split, Style, TaskError
from srpo_bench.tasks.equivalence import Judgement
from srpo_bench.tasks.math import _grade

SUM = "1 and 1\n#### 1,002"
CODE = "def f(x):\r\n    return x\r\n"
CHECK = "def check(candidate):\n    import math\n    assert f(1) == 1\n    assert f(2) == 2"
SHOWN = "assert f(1) == 1\nassert f(2) == 2"
MBPP: dict[Split, str] = {"train": "train", "dev": "mbpp_validation", "test": "test"}
ROWS: list[tuple[Split, str, dict[str, Any], Problem]] = [
    (
        "test",
        "gsm8k/test",
        {"question": "How many?", "answer": SUM},
        Problem("gsm8k/test/1", "gsm8k", "math", "How many?", "1002", meta={"solution": SUM}),
    ),
    (
        "train",
        "gsm8k/train",
        {"question": "How many?", "answer": SUM},
        Problem("gsm8k/train/1", "gsm8k", "math", "How many?", "1002", meta={"solution": SUM}),
    ),
    (
        "test",
        "math500/test",
        {"problem": "?", "solution": "so 4", "answer": "4", "subject": "Algebra", "level": 5},
        Problem(
            *("math/test/1", "math", "math", "?", "4", "5"),
            meta={"solution": "so 4", "subject": "Algebra"},
        ),
    ),
    (
        "train",
        "math/train",
        {"problem": "?", "solution": r"so \boxed{4}", "type": "Algebra", "level": "Level 3"},
        Problem(
            *("math/train/1", "math", "math", "?", "4", "3"),
            meta={"solution": r"so \boxed{4}", "subject": "Algebra"},
        ),
    ),
    *(
        (
            split,
            f"mbpp/{file}",
            {
                **{"task_id": 7, "text": "Do it.", "code": CODE, "test_setup_code": "import math"},
                "test_list": SHOWN.split("\n"),
            },
            Problem(
                *("mbpp/7", "mbpp", "code", "Do it.", CHECK),
                meta={
                    "entry_point": "f",
                    "solution": "def f(x):\n    return x\n",
                    "shown": SHOWN,
                },
            ),
        )
        for split, file in MBPP.items()
    ),
    (
        "test",
        "wordproblems/SVAMP",
        {"ID": "chal-1", "Body": "Ann has 3.", "Question": "How many?", "Answer": 3.0},
        Problem(
            *("svamp/chal-1", "svamp", "math", "Ann has 3. How many?", "3"),
            meta={"solution": "#### 3"},
        ),
    ),
]


def _write(folder: Path, file: str, rows: list[dict[str, Any]]) -> None:
    path = folder / f"{file}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(("split", "file", "row", "expected"), ROWS)
def test_a_row_is_this_problem(
    split: Split, file: str, row: dict[str, Any], expected: Problem, tmp_path: Path
) -> None:
    _write(tmp_path, file, [row, row])
    found = registry.get(expected.task).load(split, tmp_path)[1]
    meta = dict(found.meta)
    assert len(meta.pop("sha256")) == 64
    assert (meta.pop("official"), meta.pop("source")) == (False, f"{Path(file).name}.jsonl")
    assert meta == expected.meta
    for name in ("id", "task", "kind", "question", "answer", "level"):
        assert getattr(found, name) == getattr(expected, name), name


TRAINED: list[tuple[str, str, dict[str, Any], str]] = [
    ("gsm8k", "question", {"answer": "#### 1"}, "#### 1"),
    ("math", "problem", {"solution": r"\boxed{1}", "type": "A", "level": "Level 1"}, r"\boxed{1}"),
]


@pytest.mark.parametrize(("name", "asked", "row", "worked"), TRAINED)
def test_dev_is_the_tail_and_examples_are_those_of_the_same_folder(
    name: str, asked: str, row: dict[str, Any], worked: str, tmp_path: Path
) -> None:
    _write(tmp_path, f"{name}/train", [{asked: f"<{i}>", **row} for i in range(20)])
    task = registry.get(name)
    train, (first, last) = (task.load(split, tmp_path) for split in ("train", "dev"))
    assert [p.id for p in train] == [f"{name}/train/{i}" for i in range(18)]
    assert [first.id, last.id] == [f"{name}/train/{i}" for i in (18, 19)]
    for style in get_args(Style):
        prompt = json.dumps(task.render(first, style, shots=2))
        assert [i for i in range(20) if f"<{i}>" in prompt] == [0, 1, 18]
        assert task.solution(first, style).strip() == worked


def test_a_solution_without_a_box_names_its_line(tmp_path: Path) -> None:
    _write(tmp_path, "math/train", [{"problem": "?", "solution": "4", "type": "A", "level": "1"}])
    with pytest.raises(TaskError, match=r"train\.jsonl, line 1: expected .*boxed"):
        registry.get("math").load("train", tmp_path)


def test_grades_are_whole() -> None:
    """Two letters are Cyrillic, the others Latin; of a question about millions 18 is 18 million."""
    number = Problem("gsm8k/x", "gsm8k", "math", "How many million?", "18")
    responses = ["да x\n#### 18 million", "да x 17", "да x"]
    assert registry.get("gsm8k").grade([number] * 3, responses) == [
        Grade(Outcome.CORRECT, 1.0, 0.8, "18 million"),
        Grade(Outcome.WRONG, 0.0, 2 / 3, "17"),
        Grade(Outcome.UNPARSEABLE, 0.0, 2 / 3),
    ]
    box = Problem("math/x", "math", "math", "?", "18")
    responses = [r"да x \boxed{18}", rf"да x \boxed{{{'1' * 1001}}}", "да x 18"]
    assert registry.get("math").grade([box] * 3, responses) == [
        Grade(Outcome.CORRECT, 1.0, 0.75, "18"),
        Grade(Outcome.UNPARSEABLE, 1.0, 0.75, "1" * 1000),
        Grade(Outcome.UNPARSEABLE, 0.0, 2 / 3),
    ]
    late = Judgement(Outcome.TIMEOUT, repeatable=False)
    assert _grade(late, "18", "x") == Grade(Outcome.TIMEOUT, 1.0, 1.0, "18", repeatable=False)
