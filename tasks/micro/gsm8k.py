"""micro-gsm8k: short word problems, answered as ``#### n``. Grade-school maths in miniature."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import ClassVar

from srpo_bench.tasks.base import Grade, Kind, Problem
from srpo_bench.tasks.micro.chain import Step, draw_chain, wrong_guess
from srpo_bench.tasks.micro.family import Item, MicroTask, exact

PEOPLE = (("Ann", "She"), ("Mia", "She"), ("Eva", "She"), ("Zoe", "She"),
          ("Ben", "He"), ("Tom", "He"), ("Leo", "He"), ("Sam", "He"))  # fmt: skip
THINGS = ("apples", "books", "coins", "cards", "pens", "shells", "eggs", "stamps")
GAINS = ("buys {}", "finds {}", "gets {}", "wins {}")
LOSSES = ("eats {}", "loses {}", "sells {}", "drops {}")
TIMES = {2: "doubles them", 3: "triples them"}
PARTS = {2: "keeps half", 3: "keeps a third"}
FINAL_LINE = re.compile(r"^#### (\d{1,9})$", re.MULTILINE)


class MicroGsm8k(MicroTask):
    """One to four things happen to somebody's belongings; how many are left?"""

    name: ClassVar[str] = "micro-gsm8k"
    kind: ClassVar[Kind] = "math"
    summary: ClassVar[str] = "procedural word problems of 1-4 steps, answered as '#### n'"

    def draw(self, rng: random.Random, level: int) -> Item:
        """A story of ``level`` steps."""
        chain = draw_chain(rng, level)
        person, pronoun = rng.choice(PEOPLE)
        thing = rng.choice(THINGS)
        events = ", ".join(_event(rng, step) for step in chain.steps)
        return Item(
            content=str(chain),
            question=f"{person} has {chain.values[0]} {thing}. {pronoun} {events}. How many now?\n",
            answer=str(chain.end),
            careful=f"Start {chain.working()}\n#### {chain.end}",
            quick=f"#### {chain.end}",
            guess=f"#### {wrong_guess(rng, chain.end)}",
        )

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Exact match of the last ``#### n`` line."""
        return [
            exact(problem, FINAL_LINE.findall(response))
            for problem, response in zip(problems, responses, strict=True)
        ]


def _event(rng: random.Random, step: Step) -> str:
    if step.sign in "+-":
        return rng.choice(GAINS if step.sign == "+" else LOSSES).format(step.by)
    return (TIMES if step.sign == "*" else PARTS)[step.by]
