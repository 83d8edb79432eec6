"""Scores of policies, and the files that keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srpo_bench.results.store import append_line, write_json

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
class ScoredSubject:
    """One task of one model: its scores, and a line a response, enough to grade it again."""

    scores: list[ScoreLine]
    samples: list[dict[str, Any]]


def write_samples(out: Path | None, lines: Iterable[dict[str, Any]]) -> None:
    """Append to ``samples.jsonl``."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for line in lines:
            append_line(out / "samples.jsonl", line)


def write_scores(out: Path | None, record: dict[str, Any]) -> None:
    """Write ``scores.json``: its presence says that all was scored."""
    if out is not None:
        write_json(out / "scores.json", record)
