"""Was an arm trained on what a comparison supposes? What its steps record of prompts and gradient.

A method that trains on copies of one prompt, or without gradient, was not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Run

RARE = 0.05
"""Of a run's steps to target: what may hold a prompt twice on a testbed whose pool is no limit."""


@dataclass(frozen=True)
class Window:
    """Some training steps of an arm's runs, taken together. Fractions; NaN where no record says.

    short: of the steps, those whose pool held fewer prompts than a batch needs.
    repeated: those in which a prompt stood twice.   flat: those without any gradient.
    hopeless, solved: of their groups, those all wrong and all right.
    cut: of their responses, those cut off at the length limit.
    """

    steps: int
    short: float
    repeated: float
    flat: float
    hopeless: float
    solved: float
    cut: float


@dataclass(frozen=True)
class Health:
    """An arm over its whole budget, and up to the baseline's crossing, which decides a verdict."""

    whole: Window
    before: Window
    """Empty where no crossing is known yet."""
    repeats: tuple[float, ...]
    """Of each run: the share of its steps up to the arm's own crossing in which a prompt stood
    twice; NaN where no record says, or no crossing is known."""
    collapsed: bool | None
    """Does its mean curve end well below its best? None: no pair is complete."""

    @property
    def rarely(self) -> int:
        """Runs whose batches held a prompt twice in at most ``RARE`` of their steps to target."""
        return sum(share <= RARE for share in self.repeats)


def window(runs: Sequence[Run], batch: float, until: float = np.inf) -> Window:
    """What runs recorded of their steps.

    Args:
        runs: of one arm.
        batch: prompts that a step needs; NaN: not known.
        until: the last step that is looked at.
    """

    def over(name: str) -> Array:
        """(steps of all runs,) of a recorded column."""
        parts = [run.curves[name][run.steps <= until] for run in runs]
        return np.concatenate(parts) if parts else np.array([])

    pool, wrong, right = over("pool_size"), over("all_wrong"), over("all_correct")
    return Window(
        steps=len(pool),
        short=_share(pool < batch, pool, batch),
        repeated=_share(over("repeated") > 0, over("repeated")),
        flat=_share(over("grad_norm") == 0, over("grad_norm")),
        hopeless=_share(wrong, wrong),
        solved=_share(right, right),
        cut=_share(over("truncated"), over("truncated")),
    )


def _share(values: NDArray[Any], recorded: Array, needed: float = 0.0) -> float:
    """The mean over the steps that recorded what it takes."""
    complete = ~np.isnan(recorded) & ~np.isnan(needed)
    return float(values[complete].mean()) if complete.any() else float("nan")
