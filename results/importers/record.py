"""What every reader yields, and how a cell becomes a number."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

AXES = ("responses", "tokens", "seconds", "updates")
"""What may be known of the cost, as running totals."""
DATE = 1e9
"""Seconds since 1970 that are a day of this century; no run has so many steps or seconds."""
CALLS = (
    "where the trainer hands it none, that counts calls of its log, and is no measure between arms "
    "that logged at different intervals"
)
"""Why a tracker's own step is doubted."""
LARGEST = 2**53
"""Whole numbers beyond it are not exact as floats; no step or seed is that large."""


WHOLE = ("all", "average", "avg", "mean", "overall", "total")
"""What tables and logs call the score that sums up the others."""


class Record(NamedTuple):
    """One score at one evaluation of one run."""

    arm: str
    seed: int
    step: int
    accuracy: float
    """A fraction."""
    line: int
    """Of its file, from 1; of an event file the number of the event."""
    task: str = ""
    """The data set; empty where the log tells of one score only."""
    stderr: float | None = None
    responses: float | None = None
    tokens: float | None = None
    seconds: float | None = None
    updates: float | None = None
    """Running totals at this evaluation; None: unknown."""


@dataclass
class Notes:
    """What a reader noticed beside its records."""

    skipped: Counter[str] = field(default_factory=Counter)
    """Why something was left out -> how many."""
    ignored: dict[str, None] = field(default_factory=dict)
    """Columns that are not read, in order."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Of the run: ``steps`` (the budget), ``last_step`` (where training stood), ``unit``."""
    doubts: list[str] = field(default_factory=list)
    """Sentences about what looks wrong."""
    metrics: dict[str, str] = field(default_factory=dict)
    """task -> the key or column that its accuracy was read from."""


def number(value: Any, name: str) -> float | None:
    """A finite number; None for an empty cell, null or NaN.

    Raises:
        ValueError: it is something else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        odd = isinstance(value, bool) or (isinstance(value, str) and "_" in value)
        real = math.inf if odd else float(value)
    except (TypeError, ValueError, OverflowError):
        real = math.inf
    if math.isinf(real):
        percent = isinstance(value, str) and value.strip().endswith("%")
        hint = "; leave the sign away and add --scale 0.01" if percent else ""
        raise ValueError(f"{name} must be a number, not {_short(value)}{hint}")
    return None if math.isnan(real) else real


def integer(value: Any, name: str) -> int:
    """A whole number; ``10`` and ``10.0`` are the same."""
    real = number(value, name)
    if real is None:
        raise ValueError(f"{name} is empty")
    if not real.is_integer() or abs(real) > LARGEST:
        raise ValueError(f"{name} must be a whole number, not {_short(value)}")
    return int(real)


def step_of(value: Any) -> int:
    """A step: a whole number, not negative."""
    step = integer(value, "step")
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}")
    if step >= DATE:
        raise ValueError(f"step {step} is a date (unix time); name the column of training steps")
    return step


def accuracy_of(value: Any, scale: float, name: str) -> float | None:
    """A fraction; None where there is none."""
    real = number(value, name)
    if real is None:
        return None
    scaled = real * scale
    if not 0 <= scaled <= 1:
        hint = " (percent? add --scale 0.01)" if 1 < scaled <= 100 else ""
        raise ValueError(f"{name} must lie between 0 and 1, got {scaled:g}{hint}")
    return scaled


def stderr_of(value: Any, scale: float) -> float | None:
    """Of an accuracy, and in its unit; no mean of shares has more than a half."""
    real = positive(value, "stderr")
    scaled = None if real is None else real * scale
    if scaled is not None and scaled > 0.5:
        raise ValueError(f"stderr must be at most 0.5, got {scaled:g}: in the accuracy's unit?")
    return scaled


def positive(value: Any, name: str) -> float | None:
    """A number that is not negative; None where there is none."""
    real = number(value, name)
    if real is not None and real < 0:
        raise ValueError(f"{name} must not be negative, got {real:g}")
    if real is not None and name == "seconds" and real >= DATE:
        raise ValueError(
            f"seconds {real:.10g} are a date (unix time), not what the run has spent; subtract "
            "its start, or leave the column out"
        )
    return real


def name_of(value: Any, what: str) -> str:
    """A name as it is written; empty for none.

    Raises:
        ValueError: a list, a mapping, or a number that is not whole.
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{what} must be a name, not {_short(value)}")
    return str(value).strip()


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
