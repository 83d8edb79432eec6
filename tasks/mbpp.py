"""MBPP (Austin et al. 2021, arXiv 2108.07732): the pool to train code on, and its own test."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Problem, Prompt, Split, Style, Task
from srpo_bench.tasks.code_answer import function_code
from srpo_bench.tasks.dataset import Row, Source, read
from srpo_bench.tasks.prompting import Form, solution
from srpo_bench.tasks.sandbox import Limits, Program, run_programs

_FIELDS = (("text", str), ("code", str), ("task_id", int), ("test_list", list))
_HUB, _REVISION = "google-research-datasets/mbpp", "4bb6404fdc6cacfda99d4ac4205087b89d32030c"
SOURCES: dict[Split, Source] = {
    "train": Source(
        ("mbpp/train", "mbpp/mbpp_train"), _FIELDS, _HUB, _REVISION, "train", 374, ("full",),
        "3ad0217c9f73d1bc3deb5cb76066ec01b469372647c5c213bc4f611fb6e2c604",
    ),
    "dev": Source(
        ("mbpp/validation", "mbpp/mbpp_validation"), _FIELDS, _HUB, _REVISION, "validation", 90,
        ("full",), "71142bc3e723d26d5b9ded84979cec6822e38e0988aef179a35eda47f6456dbd",
    ),
    "test": Source(
        ("mbpp/test", "mbpp/mbpp_test"), _FIELDS, _HUB, _REVISION, "test", 500, ("full",),
        "9bcaa67d5c2943e95eb9d9127e844f0551a77ac910c664aa45a4ebd75d239bd9",
    ),
}  # fmt: skip

SLOW = {"mbpp/123": Limits(cpu_seconds=15.0, wall_seconds=50.0)}
"""Problems whose own reference solution takes three seconds of CPU time and more, where the next
slowest of all takes a tenth of one."""
_MARKS = re.compile(r"^\[(?:BEGIN|DONE)\][ \t]*$", re.MULTILINE)
_FORM = Form(
    turn=lambda p: _request(p),
    reply=lambda p: f"```python\n{solution(p)}\n```",
    head=lambda p: f"{_request(p)}\n[BEGIN]\n",
    rest=lambda p: f"{solution(p)}\n[DONE]\n\n",
)


class Mbpp(Task):
    """Write a Python function from one sentence and three asserts, which also grade it."""

    name: ClassVar[str] = "mbpp"
    kind: ClassVar[Kind] = "code"
    summary: ClassVar[str] = "short Python functions from a sentence, graded by asserts"
    metric: ClassVar[str] = "pass@1"
    max_new_tokens: ClassVar[int] = 512
    executes_code: ClassVar[bool] = True
    grades_aside: ClassVar[bool] = True
    stop: ClassVar[tuple[str, ...]] = ("[DONE]",)

    def __init__(self) -> None:
        self._data_dir: Path | None = None

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """The data set's own splits; dev is its validation."""
        self._data_dir = data_dir
        return [_problem(row) for row in read(SOURCES[split], data_dir)]

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """The prompt of the MBPP paper, as lm-eval has it; in chat style without its brackets."""
        return _FORM.prompt(problem, style, shots, lambda: self.load("train", self._data_dir))

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Run the response's code against the asserts; ``format`` is 1 when it is Python at all."""
        grades: dict[int, Grade] = {}
        for limits in (Limits(), *SLOW.values()):
            chosen = [i for i, p in enumerate(problems) if SLOW.get(p.id, Limits()) == limits]
            programs = [program(problems[i], responses[i]) for i in chosen]
            for i, verdict in zip(chosen, run_programs(programs, limits), strict=True):
                grades[i] = verdict.grade
        return [grades[i] for i in range(len(problems))]


def program(problem: Problem, response: str) -> Program:
    """What is run for a response: its code, without the marks of the base-style prompt."""
    name = problem.meta["entry_point"]
    return Program(function_code(_MARKS.sub("", response), name), problem.answer, name)


def _request(problem: Problem) -> str:
    return (
        f"You are an expert Python programmer, and here is your task: {problem.question} "
        f"Your code should pass these tests:\n\n{problem.meta['shown']}"
    )


def _problem(row: Row) -> Problem:
    tests = row.values["test_list"]
    if not tests or not all(isinstance(test, str) for test in tests):
        raise row.error('"test_list" to hold asserts as text')
    setup = str(row.values.get("test_setup_code") or "").replace("\r\n", "\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that Python has since deprecated
            entry_point = _entry_point(row.values["code"], tests)
            answer = _check("\n".join([setup, *tests]))
            compile(answer, "<tests>", "exec")
    except (SyntaxError, ValueError) as error:
        raise row.error(f'Python in "code" and "test_list" ({error})') from error
    return Problem(
        id=f"mbpp/{row.values['task_id']}",
        task="mbpp",
        kind="code",
        question=row.values["text"],
        answer=answer,
        meta={
            "entry_point": entry_point,
            "solution": row.values["code"].replace("\r\n", "\n"),
            "shown": "\n".join(tests),
            **row.origin,
        },
    )


def _check(tests: str) -> str:
    """The tests as a function. Those whose texts an indent would change are written anew."""
    code = "def check(candidate):\n" + textwrap.indent(tests, "    ")
    module, plain = ast.parse(code), ast.parse(tests)
    function = module.body[0]
    assert isinstance(function, ast.FunctionDef)
    if ast.dump(plain) == ast.dump(ast.Module(function.body, plain.type_ignores)):
        return code
    function.body = plain.body
    return ast.unparse(module)


def _entry_point(code: str, tests: Sequence[str]) -> str:
    """The function of ``code`` that the tests call."""
    defined = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    called = {
        node.func.id
        for test in tests
        for node in ast.walk(ast.parse(test))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    tested = [name for name in defined if name in called]
    if not tested:
        raise ValueError("the tests call no function of the code")
    return tested[-1]
