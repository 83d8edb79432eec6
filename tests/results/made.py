"""Runs and comparisons made of numbers by hand, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srpo_bench.results.records import CURVES, Evals
from srpo_bench.results.runs import Comparison, Run

NAN = float("nan")


def run(
    arm: str = "grpo",
    seed: int = 1,
    accuracy: Sequence[float] = (0.2, 0.8),
    every: float = 10.0,
    *,
    step: Sequence[float] | None = None,
    state: str = "done",
    stderr: Sequence[float] | None = None,
    tasks: Mapping[str, Sequence[float]] | None = None,
    spent: Mapping[str, Sequence[float]] | None = None,
    first: Mapping[str, Any] | None = None,
    last: Mapping[str, Any] | None = None,
    final: Mapping[str, Any] | None = None,
    manifest: Mapping[str, Any] | None = None,
    curves: Mapping[str, Sequence[float]] | None = None,
    totals: Mapping[str, float] | None = None,
    reason: str = "",
) -> Run:
    """Evaluated every so many steps, or at ``step``; ``stderr`` is each task's, too. The curves'
    steps are 1, 2, 3, …"""
    at = np.arange(len(accuracy)) * every if step is None else np.array(step, dtype=float)
    error = np.full(len(at), NAN) if stderr is None else np.array(stderr, dtype=float)
    evals = Evals(
        step=at,
        accuracy=np.array(accuracy, dtype=float),
        stderr=error,
        tasks={t: np.array(a, dtype=float) for t, a in (tasks or {}).items()},
        spent={"steps": at, **{n: np.array(v, dtype=float) for n, v in (spent or {}).items()}},
        first=first or {},
        last=last or {},
        errors=dict.fromkeys(tasks or {}, error),
    )
    columns = {name: np.array(v, dtype=float) for name, v in (curves or {}).items()}
    length = len(next(iter(columns.values()), []))
    return Run(
        folder=Path("nowhere"),
        arm=arm,
        seed=seed,
        state=state,
        reason=reason,
        manifest=manifest or {},
        evals=evals,
        steps=np.arange(1, length + 1, dtype=float),
        curves={name: np.full(length, NAN) for name in CURVES} | columns,
        totals=totals or {},
        final=final or {},
    )


def comparison(*runs: Run, **plan: Any) -> Comparison:
    """Of these runs; the plan says what is named."""
    return Comparison(Path("nowhere"), plan, runs)
