"""MATH (Hendrycks et al. 2021, arXiv 2103.03874); tested on MATH-500 (arXiv 2305.20050)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Outcome, Problem, Prompt, Split, Style, Task
from srpo_bench.tasks.claims import several
from srpo_bench.tasks.dataset import Row, Source, hold_out, read
from srpo_bench.tasks.equivalence import Judgement, judge
from srpo_bench.tasks.grading import boxed_together, language, last_boxed
from srpo_bench.tasks.prompting import Form, solution

TEST = Source(
    ("math500/test",),
    (("problem", str), ("solution", str), ("answer", str), ("subject", str), ("level", int)),
    "HuggingFaceH4/MATH-500", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be", "test", 500,
    sha256="35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
)  # fmt: skip
TRAIN = Source(
    ("math/train",),
    (("problem", str), ("solution", str), ("type", str), ("level", str)),
    "EleutherAI/hendrycks_math", "21a5633873b6a120296cce3e2df9d5550074f4a3", "train", 7500,
    configs=(
        "algebra", "counting_and_probability", "geometry", "intermediate_algebra",
        "number_theory", "prealgebra", "precalculus",
    ),
)  # fmt: skip
_INSTRUCTION = "\n\nReason step by step, and put the final answer in \\boxed{}."
_FORM = Form(
    turn=lambda p: p.question + _INSTRUCTION,
    reply=solution,
    head=lambda p: f"Problem:\n{p.question}\n\nSolution:",
    rest=lambda p: f" {solution(p)}\n\n",
)


class Math(Task):
    r"""Competition mathematics; the last ``\boxed{}`` is compared by math-verify."""

    name: ClassVar[str] = "math"
    kind: ClassVar[Kind] = "math"
    summary: ClassVar[str] = r"competition mathematics, answered '\boxed{}' (MATH-500 as test)"
    max_new_tokens: ClassVar[int] = 1024
    metric: ClassVar[str] = "math-verify"
    grades_aside: ClassVar[bool] = True
    stop: ClassVar[tuple[str, ...]] = ("Problem:",)

    def __init__(self) -> None:
        self._data_dir: Path | None = None

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """MATH-500 as test; MATH's train split without its last 500 problems, or those as dev."""
        self._data_dir = data_dir
        if split == "test":
            rows = read(TEST, data_dir)
            return [_problem("test", i, row, row.values["answer"]) for i, row in enumerate(rows)]
        train = hold_out(read(TRAIN, data_dir), dev=split == "dev")
        return [_problem("train", i, row, last_boxed(row.values["solution"])) for i, row in train]

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """lm-eval's minerva_math prompt, or the problem with a request for a box."""
        return _FORM.prompt(problem, style, shots, lambda: self.load("train", self._data_dir))

    def solution(self, problem: Problem, style: Style = "base") -> str:
        """As in a worked example."""
        return _FORM.answer(problem, style)

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Equivalence of the last box; ``format`` is 1 when there is one."""
        return by_box([problem.answer for problem in problems], responses)


def by_box(golds: Sequence[str], responses: Sequence[str]) -> list[Grade]:
    """math-verify's judgement of each response's last box; where several values are asked for, of
    its last boxes that stand side by side."""
    answers = [
        boxed_together(response) if several(gold) else last_boxed(response)
        for gold, response in zip(golds, responses, strict=True)
    ]
    pairs = [(g, a) for g, a in zip(golds, answers, strict=True) if a is not None]
    judgements = iter(judge(pairs))
    return [
        Grade(Outcome.UNPARSEABLE, 0.0, language(response))
        if answer is None
        else _grade(next(judgements), answer, response)
        for answer, response in zip(answers, responses, strict=True)
    ]


def _grade(judgement: Judgement, answer: str, response: str) -> Grade:
    return Grade(judgement.outcome, 1.0, language(response), answer[:1000], judgement.repeatable)


def _problem(split: str, index: int, row: Row, answer: str | None) -> Problem:
    if answer is None:
        raise row.error('"solution" to hold its answer in \\boxed{}')
    level, subject = row.values["level"], row.values.get("subject") or row.values.get("type")
    return Problem(
        id=f"math/{split}/{index}",
        task="math",
        kind="math",
        question=row.values["problem"],
        answer=answer,
        level=str(level).removeprefix("Level "),
        meta={"solution": row.values["solution"], "subject": subject, **row.origin},
    )
