"""Scores by benchmark: what was measured at the end and at the start, and what others report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from srpo_bench.results.runs import Comparison, Run

REFERENCES = Path(__file__).with_name("references.yaml")


@dataclass(frozen=True)
class BenchmarkMean:
    """A mean over seeds of one benchmark's accuracy, with both of its standard errors.

    between: sd over seeds / √seeds, all there is of error in the mean, sampling included; NaN with
    one seed.   sampling: √(Σ se²) / seeds, the part that is due to sampling the responses; NaN
    where a run does not say.   problems, k: what one run was asked, 0 where it does not say.
    """

    value: float
    between: float
    sampling: float
    seeds: int
    problems: int
    k: int


class Report(BaseModel):
    """Scores that somebody reported, as printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    reported_by: str
    where: str
    scores: dict[str, str]


class References(BaseModel):
    """``references.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmarks: dict[str, str]
    reports: tuple[Report, ...]


@cache
def references() -> References:
    """What others have reported."""
    return References.model_validate(yaml.safe_load(REFERENCES.read_text(encoding="utf-8")))


def at_end(runs: Iterable[Run]) -> dict[str, BenchmarkMean]:
    """Finished runs: their final.json where any has one, else their last evaluation."""
    done = [run for run in runs if run.state == "done"]
    if any(run.final for run in done):
        return _scores(done, lambda run: run.final)
    return _scores(done, lambda run: run.evals.last)


def at_start(comparison: Comparison) -> dict[str, BenchmarkMean]:
    """The base model: evaluations at step 0. All arms draw the same at one seed, so it is taken
    once a seed."""
    begun = {r.seed: r for r in reversed(comparison.runs) if len(r.evals) and not r.evals.step[0]}
    return _scores(begun.values(), lambda run: run.evals.first)


def _scores(
    runs: Iterable[Run], of: Callable[[Run], Mapping[str, Mapping[str, Any]]]
) -> dict[str, BenchmarkMean]:
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        for task, score in of(run).items():
            by_task.setdefault(task, []).append(score)
    return {task: _score(scores) for task, scores in by_task.items()}


def _score(scores: list[Mapping[str, Any]]) -> BenchmarkMean:
    n = len(scores)
    values = np.array([s["accuracy"] for s in scores], dtype=float)
    errors = np.array([np.nan if s.get("stderr") is None else s["stderr"] for s in scores])
    return BenchmarkMean(
        value=float(values.mean()),
        between=float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan"),
        sampling=float(np.sqrt((errors**2).sum()) / n),
        seeds=n,
        problems=int(scores[0].get("n") or 0),
        k=int(scores[0].get("k") or 0),
    )
