"""micro-math: arithmetic and one-unknown equations, answered as ``\\boxed{n}``."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Problem
from srpo_bench.tasks.micro.chain import Step, draw_chain, wrong_guess
from srpo_bench.tasks.micro.family import Item, MicroTask, exact

BOXED = re.compile(r"\\boxed\{(\d{1,9})\}")


class MicroMath(MicroTask):
    """Half the problems compute an expression, half undo one to find its unknown."""

    name: ClassVar[str] = "micro-math"
    kind: ClassVar[Kind] = "math"
    summary: ClassVar[str] = (
        r"procedural arithmetic and equations of 1-4 steps, answered '\boxed{n}'"
    )

    def draw(self, rng: random.Random, level: int) -> Item:
        """An expression of ``level`` operations, or an equation with as many."""
        chain = draw_chain(rng, level)
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
            careful=f"From {working.working()}\n\\boxed{{{answer}}}",
            quick=f"\\boxed{{{answer}}}",
            guess=f"\\boxed{{{wrong_guess(rng, answer)}}}",
        )

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Exact match of the last box."""
        return [
            exact(problem, BOXED.findall(response))
            for problem, response in zip(problems, responses, strict=True)
        ]


def expression(start: str, steps: Sequence[Step]) -> str:
    """The steps as one expression, parenthesised where precedence needs it: ``(23+5)*2``."""
    text, is_sum = start, False
    for step in steps:
        if step.sign in "*/" and is_sum:
            text = f"({text})"
        text, is_sum = f"{text}{step}", step.sign in "+-"
    return text
