"""Which arm the others are held against: one rule for plans, tuning and results."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain


def baseline_of(arms: Mapping[str, str]) -> str:
    """Which of some arms, name -> algorithm, others are held against where nobody says: the first
    that runs grpo, else the first that is called so, in any case, else the first of all."""
    of_grpo = (arm for arm, algorithm in arms.items() if algorithm.casefold() == "grpo")
    named = (arm for arm in arms if arm.casefold() == "grpo")
    return next(chain(of_grpo, named, arms))
