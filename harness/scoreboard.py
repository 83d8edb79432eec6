"""Scores as a table to read and as files to keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from srpo_bench.results.store import append_line, write_json


@dataclass(frozen=True)
class Score:
    """One task of one model by one metric: the mean over n problems of the mean over k samples.

    pass_at: k -> pass@k, unbiased.   truncated: share of responses cut at the length limit.
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
    pass_at: dict[str, float] = field(default_factory=dict)
    truncated: float | None = None
    length: float | None = None
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """One task of one model: its scores, and a line a response, enough to grade it again."""

    scores: list[Score]
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


def show(record: dict[str, Any]) -> None:
    """Print a line a metric."""
    scores = [Score(**line) for line in record["scores"]]
    table = Table(box=None, pad_edge=False)
    several = len({line.model for line in scores}) > 1
    for column in [*(["model"] if several else []), "task", "metric"]:
        table.add_column(column)
    for column in ("n", "k", "score"):
        table.add_column(column, justify="right")
    for column in ("pass@k", "cut off", "outcomes"):
        table.add_column(column)
    for line in scores:
        error = "" if line.stderr is None else f" ± {100 * line.stderr:.1f}"
        table.add_row(
            *([line.model] if several else []),
            line.task,
            line.metric,
            str(line.n),
            str(line.k),
            f"{100 * line.accuracy:.1f}{error} %",
            ", ".join(f"@{k} {100 * v:.1f} %" for k, v in line.pass_at.items() if k != "1"),
            "" if line.truncated is None else f"{100 * line.truncated:.0f} %",
            ", ".join(f"{name} {count}" for name, count in line.outcomes.items()),
        )
    Console().print(table)
