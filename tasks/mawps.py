"""MAWPS (Koncel-Kedziorski et al. 2016) and ASDiv-A (Miao et al. 2020, arXiv 2106.15772): one-step
and two-step word problems, as the SVAMP repository brings them together to train on."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from srpo_bench.tasks.arithmetic import worked, written
from srpo_bench.tasks.base import Problem, Split, TaskError
from srpo_bench.tasks.dataset import Row, Source, read
from srpo_bench.tasks.gsm8k import WordProblems

HOME = "https://github.com/arkilpatel/SVAMP (MIT)"
TRAIN = Source(
    ("wordproblems/mawps-asdiv-a_svamp_train", "data/mawps-asdiv-a_svamp/train"),
    (("Question", str), ("Numbers", str), ("Equation", str), ("Answer", str)),
    hub="", revision="", split="train", count=3138, home=HOME,
    sha256="c761cdc6390a67a285c6c346a2931f61bc8f47430eceaeb123cc3d0263efa821",
)  # fmt: skip
_BEFORE_MARK = re.compile(r"\s+(?=[.,?!;:%)]|'s\b)|(?<=[($])\s+")


class ShortWordProblems(WordProblems):
    """What MAWPS and SVAMP share besides GSM8K's form: short answers, and MAWPS' examples. lm-eval
    has no task for these; its filters are GSM8K's."""

    max_new_tokens: ClassVar[int] = 128
    stop: ClassVar[tuple[str, ...]] = ("Question:",)

    def examples(self) -> list[Problem]:
        """MAWPS', for SVAMP holds none to train on."""
        return training(self._data_dir)


class Mawps(ShortWordProblems):
    """Short word problems to train on; SVAMP is their test."""

    name: ClassVar[str] = "mawps"
    summary: ClassVar[str] = "word problems of one or two steps, answered '#### n' (to train on)"

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """train, or every tenth of it as dev; without problems that no short decimals work."""
        self._data_dir = data_dir
        if split == "test":
            raise TaskError(f"{self.name} has no test split: its test is the task svamp.")
        return training(data_dir, dev=split == "dev")


class MawpsShort(Mawps):
    """What a small model can learn of MAWPS, with answers of a dozen tokens."""

    name: ClassVar[str] = "mawps-short"
    summary: ClassVar[str] = "one-step problems of mawps, whole numbers up to 50 (to train on)"

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """Those of ``mawps`` that are short, in its splits."""
        return [
            replace(problem, task=self.name, id=problem.id.replace("mawps", self.name, 1))
            for problem in super().load(split, data_dir)
            if _is_short(problem)
        ]


def _is_short(problem: Problem) -> bool:
    """One step, and no number in question or solution is a fraction or above 50."""
    text = f"{problem.question} {problem.meta['solution']}"
    numbers = [Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
    return problem.level == "1" and all(n <= 50 and n.denominator == 1 for n in numbers)


def training(data_dir: Path | None, dev: bool = False) -> list[Problem]:
    """The problems to train on, or those held out of them, which have another question each.

    Every tenth row is held out: MAWPS stands first in the file and ASDiv-A behind it, which is
    easier, so that its tail would be no measure of the rest.
    """
    rows = [(i, row) for i, row in enumerate(read(TRAIN, data_dir)) if (i % 10 == 9) == dev]
    problems = [(i, p) for i, row in rows if (p := _problem(i, row)) is not None]
    first = {problem.question: i for i, problem in reversed(problems)}
    return [problem for i, problem in problems if first[problem.question] == i]


def _problem(index: int, row: Row) -> Problem | None:
    """None where a number is rounded (a third as 0.3333333333333333): nobody can state it."""
    values = row.values
    try:
        numbers = [Fraction(number) for number in values["Numbers"].split()]
        answer = Fraction(values["Answer"])
    except (ValueError, ZeroDivisionError) as error:
        raise row.error(f'numbers in "Numbers" and "Answer" ({error})') from error
    try:
        texts = [written(number) for number in numbers]
        lines, result = worked(values["Equation"], numbers)
        if result != answer:
            return None
    except (ValueError, ZeroDivisionError):
        return None
    question = re.sub(
        r"\bnumber(\d+)\b", lambda m: texts[int(m[1])] if int(m[1]) < len(texts) else m[0],
        values["Question"],
    )  # fmt: skip
    return Problem(
        id=f"mawps/train/{index}",
        task="mawps",
        kind="math",
        question=_BEFORE_MARK.sub("", question).strip(),
        answer=written(answer),
        level=str(lines.count("\n") + 1),
        meta={"solution": f"{lines}\n#### {written(answer)}", **row.origin},
    )
