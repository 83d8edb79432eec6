"""micro-humaneval: complete a small Python function; hidden tests run in the sandbox."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Problem
from srpo_bench.tasks.code_answer import completed
from srpo_bench.tasks.micro.family import Item, MicroTask
from srpo_bench.tasks.sandbox import Program, run_programs

NAMES = ("f", "g", "calc", "step", "shift", "score", "value", "change")
INPUTS = (-9, -1, 0, 3, 8, 25)
"""What the hidden tests call the function with."""
VERBS = {"+": "add {}", "-": "subtract {}", "*": "multiply by {}", "%": "take modulo {}"}
WORDS = {("*", 2): "double", ("*", -1): "negate"}


@dataclass(frozen=True)
class Statement:
    """One arithmetic step on ``n``."""

    sign: str
    by: int

    def docstring(self) -> str:
        """The step in words."""
        return WORDS.get((self.sign, self.by), VERBS[self.sign].format(self.by))

    def apply(self, value: int) -> int:
        """Python's own result."""
        if self.sign == "%":
            return value % self.by
        if self.sign == "*":
            return value * self.by
        return value + (self.by if self.sign == "+" else -self.by)


class MicroHumanEval(MicroTask):
    """A function that takes a number through two to five steps named in its docstring."""

    name: ClassVar[str] = "micro-humaneval"
    kind: ClassVar[Kind] = "code"
    summary: ClassVar[str] = "procedural Python functions of 2-5 steps, graded by hidden tests"
    executes_code: ClassVar[bool] = True
    grades_aside: ClassVar[bool] = True

    def draw(self, rng: random.Random, level: int) -> Item:
        """A function of ``level + 1`` steps: single steps would be too few to split."""
        steps = tuple(_statement(rng) for _ in range(level + 1))
        name = rng.choice(NAMES)
        wording = ", ".join(step.docstring() for step in steps)
        return Item(
            content=wording,
            question=f'def {name}(n):\n    """Take n, {wording}."""\n',
            answer=_tests(steps),
            careful="".join(f"    n {s.sign}= {s.by}\n" for s in steps) + "    return n",
            quick=f"    return {one_line(steps)}",
            guess=f"    return {one_line(_misread(rng, steps))}",
            meta={"entry_point": name},
        )

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Run prompt, response and hidden tests; a chat model's code block is read as humaneval
        reads it."""
        programs = [program(p, r) for p, r in zip(problems, responses, strict=True)]
        return [verdict.grade for verdict in run_programs(programs)]


def program(problem: Problem, response: str) -> Program:
    """What is run for a response: a bare completion, or a function given in a code block."""
    name = problem.meta["entry_point"]
    return Program(completed(problem.question, response, name, ""), problem.answer, name)


def one_line(steps: Sequence[Statement]) -> str:
    """The steps as one expression in ``n``."""
    text, is_sum = "n", False
    for step in steps:
        if step.sign in "*%" and is_sum:
            text = f"({text})"
        text, is_sum = f"{text} {step.sign} {step.by}", step.sign in "+-"
    return text


def outputs(steps: Sequence[Statement]) -> list[int]:
    """The function's value at each of ``INPUTS``."""
    values = list(INPUTS)
    for step in steps:
        values = [step.apply(value) for value in values]
    return values


def _tests(steps: Sequence[Statement]) -> str:
    cases = ", ".join(str(pair) for pair in zip(INPUTS, outputs(steps), strict=True))
    return (
        "def check(candidate):\n"
        f"    for n, expected in ({cases}):\n"
        "        assert candidate(n) == expected\n"
    )


def _statement(rng: random.Random) -> Statement:
    sign = rng.choice("++--**%")
    if sign in "+-":
        return Statement(sign, rng.randrange(1, 20))
    if sign == "%":
        return Statement(sign, rng.randrange(3, 10))
    return Statement(sign, rng.choice((-1, 2, 3, 4, 5)))


def _misread(rng: random.Random, steps: Sequence[Statement]) -> list[Statement]:
    """At most two of the steps, one of them with another number; a different function."""
    while True:
        kept = sorted(rng.sample(range(len(steps)), min(len(steps), 2)))
        wrong = [steps[i] for i in kept]
        slip = rng.randrange(len(wrong))
        wrong[slip] = Statement(wrong[slip].sign, rng.randrange(1, 10))
        if outputs(wrong) != outputs(steps):
            return wrong
