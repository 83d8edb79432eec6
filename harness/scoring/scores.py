"""Scores of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[str, int, int | None], None]
"""Told what is at work, and how much of it is done, of how much: None where nobody knows."""


@dataclass(frozen=True)
class ScoreLine:
    """One task of one model by one metric: the mean over n problems of the mean over k samples.

    stderr: of sampling again on these problems.   stderr_questions: of asking other such problems.
    pass_at: k -> pass@k, unbiased.   truncated: share of responses cut at the length limit.
    correct: right of k, problem by problem, in the order of the record's ``problems``.
    length: mean tokens.   outcomes: how many responses ended how. None or empty: not known, or said
    beside the task's first metric.
    """

    model: str
    task: str
    metric: str
    n: int
    k: int
    accuracy: float
    stderr: float | None
    stderr_questions: float | None = None
    pass_at: dict[str, float] = field(default_factory=dict)
    pass_at_stderr: dict[str, float | None] = field(default_factory=dict)
    """Over questions, as ``stderr_questions``."""
    truncated: float | None = None
    length: float | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    correct: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ScoredTask:
    """One task of one model: its scores, and a line a response, enough to grade it again."""

    scores: list[ScoreLine]
    samples: list[dict[str, Any]]
