"""micro-math: arithmetic and one-unknown equations, answered as ``\\boxed{n}``."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Problem
from srpo_bench.tasks.micro.chain import LARGEST, Step, draw_chain, wrong_guess
from srpo_bench.tasks.micro.family import Item, MicroTask, exact

OPENING = "From "
"""How the careful way begins."""
BOXED = re.compile(r"\\boxed\{(\d{1,9})\}")


class MicroMath(MicroTask):
    """Half the problems compute an expression, half undo one to find its unknown."""

    name: ClassVar[str] = "micro-math"
    kind: ClassVar[Kind] = "math"
    summary: ClassVar[str] = (
        r"procedural arithmetic and equations of 1-4 steps, answered '\boxed{n}'"
    )

    numbers: ClassVar[tuple[int, int]] = (1, LARGEST)
    """The least and the largest value on the way."""

    def draw(self, rng: random.Random, level: int) -> Item:
        """An expression of ``level`` operations, or an equation with as many."""
        chain = draw_chain(rng, level, *self.numbers)
        if rng.random() < 0.5:
            content = expression(str(chain.values[0]), chain.steps)
            question, working = f"Compute {content}.\n", chain
        else:
            content = f"{expression('x', chain.steps)}={chain.end}"
            question, working = f"Solve {content}.\n", chain.reversed
        answer = working.end
        return Item(
            content=content,
            question=question,
            answer=str(answer),
            careful=f"{OPENING}{working.working()}\n\\boxed{{{answer}}}",
            quick=f"\\boxed{{{answer}}}",
            guess=f"\\boxed{{{wrong_guess(rng, answer, self.numbers[1])}}}",
        )

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Exact match of the last box."""
        return [
            exact(problem, BOXED.findall(response))
            for problem, response in zip(problems, responses, strict=True)
        ]


class MicroMathEasy(MicroMath):
    """The careful way is begun in the question, and the base has only to go on: what is solved from
    the start, as part of any real pool is. To train on; it tells policies apart no more."""

    name: ClassVar[str] = "micro-math-easy"
    summary: ClassVar[str] = "micro-math with the careful way begun: the micro base solves it"
    levels: ClassVar[tuple[int, ...]] = (2,)
    family: ClassVar[str] = MicroMath.name

    def draw(self, rng: random.Random, level: int) -> Item:
        """micro-math's, up to and without the first number of its working."""
        item = super().draw(rng, level)
        return replace(
            item,
            question=f"{item.question}{OPENING}",
            careful=item.careful.removeprefix(OPENING),
        )


class MicroMathHard(MicroMath):
    """Numbers of three digits, which the base has never seen: what stays unsolved to the end, as
    part of any real pool does. To train on; a set that nobody answers scores nothing."""

    name: ClassVar[str] = "micro-math-hard"
    summary: ClassVar[str] = "micro-math with numbers of three digits, beyond the micro base"
    levels: ClassVar[tuple[int, ...]] = (2,)
    family: ClassVar[str] = MicroMath.name
    numbers: ClassVar[tuple[int, int]] = (100, 999)


def expression(start: str, steps: Sequence[Step]) -> str:
    """The steps as one expression, parenthesised where precedence needs it: ``(23+5)*2``."""
    text, is_sum = start, False
    for step in steps:
        if step.sign in "*/" and is_sum:
            text = f"({text})"
        text, is_sum = f"{text}{step}", step.sign in "+-"
    return text
