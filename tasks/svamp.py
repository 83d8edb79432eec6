"""SVAMP (Patel et al. 2021, arXiv 2103.07191): a thousand simple word problems, each varied so that
its words alone do not give the answer away."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from srpo_bench.tasks.arithmetic import written
from srpo_bench.tasks.base import Problem, Split, TaskError
from srpo_bench.tasks.dataset import Row, Source, read
from srpo_bench.tasks.mawps import HOME, ShortWordProblems

TEST = Source(
    ("wordproblems/SVAMP", "SVAMP"),
    (("ID", str), ("Body", str), ("Question", str)),
    hub="", revision="", split="test", count=1000, home=HOME,
    sha256="5be77703a6d891ae476d7c082787ad361392aa02453b132516cdd5f4e7934e3e",
)  # fmt: skip


class Svamp(ShortWordProblems):
    """A test of what MAWPS teaches; examples are shown from there."""

    name: ClassVar[str] = "svamp"
    summary: ClassVar[str] = "1,000 varied word problems of one step, '#### n' (evaluation only)"

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """The test split: all of SVAMP, as its paper has it."""
        self._data_dir = data_dir
        if split != "test":
            raise TaskError(
                f"svamp has no {split} split: it is for evaluation (test) only; mawps trains."
            )
        return [_problem(row) for row in read(TEST, data_dir)]


def _problem(row: Row) -> Problem:
    body, question = row.values["Body"].strip(), row.values["Question"].strip()
    try:
        answer = written(Fraction(str(row.values.get("Answer"))))
    except (ValueError, ZeroDivisionError) as error:
        raise row.error(f'a number as "Answer" ({error})') from error
    return Problem(
        id=f"svamp/{row.values['ID']}",
        task="svamp",
        kind="math",
        question=_joined(body, question),
        answer=answer,
        meta={"solution": f"#### {answer}", **row.origin},
    )


def _joined(body: str, question: str) -> str:
    """One text; where the body is the first half of a sentence the question is the other."""
    if body.endswith((".", "!", "?")):
        return f"{body} {question}"
    return f"{body}, {question[:1].lower()}{question[1:]}"
