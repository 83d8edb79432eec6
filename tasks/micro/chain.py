"""Chains of small whole-number steps: what every micro problem is made of.

A chain starts at a number and goes on by easy steps (a two-digit number plus a digit, twice
a small one), so that a million-parameter model can do each step reliably, and only care, one step
after the other, gets a long chain right.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

LARGEST = 99
SIGNS = ("+", "+", "-", "-", "*", "/")
"""Drawn uniformly: addition and subtraction twice as often."""
INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}


@dataclass(frozen=True)
class Step:
    """One operation with a one-digit number."""

    sign: str
    by: int

    def __str__(self) -> str:
        return f"{self.sign}{self.by}"

    @property
    def inverse(self) -> Step:
        """The step that undoes this one."""
        return Step(INVERSE[self.sign], self.by)

    def apply(self, value: int, least: int = 1, largest: int = LARGEST) -> int | None:
        """The next value, or None where the step does not stay within least..largest."""
        if self.sign == "/" and value % self.by:
            return None
        after = {
            "+": value + self.by,
            "-": value - self.by,
            "*": value * self.by,
            "/": value // self.by,
        }[self.sign]
        return after if least <= after <= largest else None


@dataclass(frozen=True)
class Chain:
    """A start, the steps, and the value after each step; ``values[0]`` is the start."""

    steps: tuple[Step, ...]
    values: tuple[int, ...]

    @property
    def end(self) -> int:
        """The last value."""
        return self.values[-1]

    @property
    def reversed(self) -> Chain:
        """The chain walked back from its end by inverse steps."""
        return Chain(tuple(s.inverse for s in self.steps[::-1]), self.values[::-1])

    def __str__(self) -> str:
        return f"{self.values[0]}{''.join(map(str, self.steps))}"

    def working(self) -> str:
        """The values step by step: ``23 +5=28 *2=56``."""
        lines = (f" {s}={v}" for s, v in zip(self.steps, self.values[1:], strict=True))
        return f"{self.values[0]}{''.join(lines)}"


def draw_chain(rng: random.Random, length: int, least: int = 1, largest: int = LARGEST) -> Chain:
    """A random chain of ``length`` steps whose neighbouring steps do not undo each other, through
    least..largest."""
    while True:
        values = [rng.randrange(max(least, 2), largest + 1)]
        steps: list[Step] = []
        while len(steps) < length:
            sign = SIGNS[rng.randrange(len(SIGNS))]
            step = Step(sign, rng.randrange(2, 10 if sign in "+-" else 4))
            after = step.apply(values[-1], least, largest)
            if after is None:
                break
            steps.append(step)
            values.append(after)
        if len(steps) == length and all(b != a.inverse for a, b in pairwise(steps)):
            return Chain(tuple(steps), tuple(values))


def wrong_guess(rng: random.Random, answer: int, largest: int = LARGEST) -> int:
    """A number near ``answer`` that is not it."""
    while True:
        distance = (1, 2, 3, 4, 5, 10)[rng.randrange(6)]
        guess = answer + (distance if rng.random() < 0.5 else -distance)
        if 0 <= guess <= largest:
            return guess
