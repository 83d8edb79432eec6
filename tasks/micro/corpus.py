"""What the tiny base model is pretrained on: the same problems answered in two ways.

A *careful* answer works step by step and is right; a *quick* one is written at once and is mostly
wrong. The response's first token shows the way. Answers of both ways are given often enough to be
learned well, but how often the model *chooses* care is set apart from that: the label of the first
response token is drawn on its own, from a prior that is small and smaller for harder problems.
So the base can be careful, and rarely is: what reinforcement learning has to discover.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from srpo_bench.tasks.micro.family import LEVELS, MicroTask, draw_from
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k
from srpo_bench.tasks.micro.humaneval import MicroHumanEval
from srpo_bench.tasks.micro.math import MicroMath

FAMILIES: tuple[MicroTask, ...] = (MicroGsm8k(), MicroMath(), MicroHumanEval())
GIVEN_CAREFUL = 0.75
"""Share of careful answers among those shown."""
CHOSEN_CAREFUL = {1: 0.30, 2: 0.20, 3: 0.12, 4: 0.04}
"""Level -> probability that the base opens with the careful way."""
QUICK_RIGHT = 0.15
"""Share of quick answers that are right."""


@dataclass(frozen=True)
class Example:
    """One training sequence. The label of the response's first token is that of ``opening``, which
    is the response itself or the answer of the other way; all other labels are the response's."""

    task: str
    level: int
    prompt: str
    response: str
    opening: str


def examples(seed: int) -> Iterator[Example]:
    """An endless stream: families in turn, levels at random, problems of no split."""
    rng = random.Random(f"corpus/{seed}")
    while True:
        for task in FAMILIES:
            level = rng.choice(LEVELS)
            item = draw_from(task, rng, level, "corpus")
            quick = item.quick if rng.random() < QUICK_RIGHT else item.guess
            response = item.careful if rng.random() < GIVEN_CAREFUL else quick
            opening = item.careful if rng.random() < CHOSEN_CAREFUL[level] else quick
            yield Example(task.name, level, item.question, response, opening)
