"""GSM8K (Cobbe et al. 2021, arXiv 2110.14168), scored by value and by lm-eval's two filters."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from srpo_bench.tasks import numbers
from srpo_bench.tasks.base import Grade, Kind, Outcome, Problem, Prompt, Split, Style, Task
from srpo_bench.tasks.dataset import Row, Source, hold_out, read
from srpo_bench.tasks.grading import language
from srpo_bench.tasks.prompting import Form, solution

_FIELDS = (("question", str), ("answer", str))
_HUB, _REVISION = "openai/gsm8k", "740312add88f781978c0658806c59bc2815b9866"
TRAIN = Source(
    ("gsm8k/train",), _FIELDS, _HUB, _REVISION, "train", 7473, ("main",),
    "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
)  # fmt: skip
TEST = Source(
    ("gsm8k/test",), _FIELDS, _HUB, _REVISION, "test", 1319, ("main",),
    "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
)  # fmt: skip

_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_GOLD = re.compile(r"#### (-?[0-9][0-9.,]*)\s*$")
INSTRUCTION = (
    "\n\nReason step by step, then give the answer on a last line of the form: #### number"
)
FORM = Form(
    turn=lambda p: p.question + INSTRUCTION,
    reply=solution,
    head=lambda p: f"Question: {p.question}\nAnswer:",
    rest=lambda p: f" {solution(p)}\n\n",
)


def strict(response: str) -> str | None:
    """The first number after ``#### ``, as lm-eval's strict-match extracts it."""
    match = _STRICT.search(response)
    return match[1].strip() if match else None


def flexible(response: str) -> str | None:
    """The last number anywhere, as lm-eval's flexible-extract does it."""
    every = [match[0] for match in _FLEXIBLE.finditer(response)]
    return every[-1].strip() if every else None


def matches(extracted: str | None, answer: str) -> bool:
    """lm-eval's exact_match between what was extracted and the gold solution or number."""
    return extracted is not None and _normalised(extracted) == _normalised(answer)


def _normalised(text: str) -> str:
    """Without lm-eval's regexes_to_ignore: ``,``, ``\\$``, ``(?s).*#### `` and ``\\.$``."""
    text = text.replace(",", "").replace("$", "").rpartition("#### ")[2]
    return re.sub(r"\.$", "", text).lower()


class WordProblems(Task):
    """Answered by a number behind ``#### ``. Correct means that the number stated has the right
    value. A subclass says where worked examples are from."""

    kind: ClassVar[Kind] = "math"
    metric: ClassVar[str] = "number"

    def __init__(self) -> None:
        self._data_dir: Path | None = None

    @abstractmethod
    def examples(self) -> Sequence[Problem]:
        """What is shown worked before a question; read from where this was loaded from."""

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """lm-eval's prompt, or the question with a request to end in ``#### n``."""
        return FORM.prompt(problem, style, shots, self.examples)

    def solution(self, problem: Problem, style: Style = "base") -> str:
        """As in a worked example."""
        return FORM.answer(problem, style)

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Accuracy by value; ``format`` is 1 if lm-eval's strict filter finds a number."""
        return [by_value(p, r) for p, r in zip(problems, responses, strict=True)]

    def variants(
        self, problems: Sequence[Problem], responses: Sequence[str]
    ) -> dict[str, list[bool]]:
        """lm-eval's two filters: the last number anywhere, and the first behind ``#### ``."""
        return {
            name: [
                matches(extract(response), problem.answer)
                for problem, response in zip(problems, responses, strict=True)
            ]
            for name, extract in (("flexible-extract", flexible), ("strict-match", strict))
        }


class Gsm8k(WordProblems):
    """Grade-school word problems."""

    name: ClassVar[str] = "gsm8k"
    summary: ClassVar[str] = "grade-school word problems, answered '#### n' (1,319 test)"
    max_new_tokens: ClassVar[int] = 400
    stop: ClassVar[tuple[str, ...]] = ("Question:", "</s>", "<|im_end|>")

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """test, or train without its last 500 problems, or those 500 as dev."""
        self._data_dir = data_dir
        if split == "test":
            return [_problem("test", i, row) for i, row in enumerate(read(TEST, data_dir))]
        rows = hold_out(read(TRAIN, data_dir), dev=split == "dev")
        return [_problem("train", i, row) for i, row in rows]

    def examples(self) -> list[Problem]:
        """Its own, of the train split."""
        return self.load("train", self._data_dir)


def by_value(problem: Problem, response: str) -> Grade:
    """Whether the number stated is worth the gold one."""
    answer = numbers.stated(response)
    if answer is None:
        outcome = Outcome.UNPARSEABLE
    else:
        same = numbers.same(answer, problem.answer, problem.question)
        outcome = Outcome.CORRECT if same else Outcome.WRONG
    return Grade(outcome, float(strict(response) is not None), language(response), answer)


def _problem(split: str, index: int, row: Row) -> Problem:
    solution = row.values["answer"]
    gold = _GOLD.search(solution)
    if gold is None:
        raise row.error('"answer" to end with "#### " and a number')
    return Problem(
        id=f"gsm8k/{split}/{index}",
        task="gsm8k",
        kind="math",
        question=row.values["question"],
        answer=gold[1].replace(",", ""),
        meta={"solution": solution, **row.origin},
    )
