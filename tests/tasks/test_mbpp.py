from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.mbpp import SLOW, Mbpp
from srpo_bench.tasks.sandbox import isolation

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
UNUSUAL = ("mbpp/601", "mbpp/367", "mbpp/927", "mbpp/596", "mbpp/533", "mbpp/56", "mbpp/899")
"""Tests that use the program's classes, trees of its objects, sys, types, or clash in name."""


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
@pytest.mark.skipif(not isolation().usable, reason=isolation().why)
def test_reference_solutions_pass_and_others_do_not() -> None:
    task = Mbpp()
    problems = [p for split in ("train", "dev", "test") for p in task.load(split, DATA)]
    assert len(problems) == 374 + 90 + 500
    chosen = [p for p in problems if p.id in (*UNUSUAL, *SLOW)] + problems[:30]
    assert len(chosen) == 38
    right = task.grade(chosen, [p.meta["solution"] for p in chosen])
    assert [g.outcome for g in right] == [Outcome.CORRECT] * 38
    wrong = task.grade(chosen, [f"def {p.meta['entry_point']}(*a): return 'x'" for p in chosen])
    assert {g.outcome for g in wrong} == {Outcome.WRONG}


def written(folder: Path, **fields: Any) -> Path:
    (folder / "mbpp").mkdir()
    row = {"text": "t", "code": "def f(x): return x", "task_id": 1, **fields}
    (folder / "mbpp" / "train.jsonl").write_text(json.dumps(row))
    return folder


@pytest.mark.parametrize(
    "fields",
    [
        {"test_list": ["assert f( =="]},
        {"test_list": ["assert f(1) == 1"], "test_setup_code": "from math import *"},
    ],
)
def test_tests_that_are_no_python_name_the_line(fields: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"train\.jsonl, line 1: expected Python"):
        Mbpp().load("train", written(tmp_path, **fields))


@pytest.mark.parametrize("text", ["a\nb", "a\n\n  b\n", "a"])
def test_a_text_of_several_lines_in_a_test_stays_as_it_is(text: str, tmp_path: Path) -> None:
    tests = [f'assert f("""{text}""") == {text!r}']
    (problem,) = Mbpp().load("train", written(tmp_path, test_list=tests))
    namespace: dict[str, Any] = {"f": lambda x: x}
    exec(problem.answer, namespace)  # noqa: S102 - tests of our own
    namespace["check"](None)
