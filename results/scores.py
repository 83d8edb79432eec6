"""Accuracies by seed: at a share of the budget, at the end, and on the final benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from results.runs import Array, Comparison, Run


def at_step(run: Run, step: float) -> float:
    """Accuracy at the last evaluation no later than a step; NaN if there is none."""
    seen = run.evals.accuracy[run.evals.step <= step]
    return float(seen[-1]) if len(seen) else float("nan")


def at_end(run: Run, task: str | None = None) -> float:
    """Mean of the last two evaluations (after the first one), of one task or over tasks."""
    if task is not None and task not in run.evals.tasks:
        return float("nan")
    values = run.evals.accuracy if task is None else run.evals.tasks[task]
    if not len(values):
        return float("nan")
    return float(values[max(len(values) - 2, min(1, len(values) - 1)) :].mean())


def benchmark(run: Run, task: str) -> float:
    """The final benchmark's score of a task, where there is one; NaN otherwise."""
    score = run.final.get(task)
    return float(score["accuracy"]) if score else float("nan")


def pairs(comparison: Comparison, challenger: str, baseline: str) -> list[tuple[Run, Run]]:
    """Finished runs of the same seed, by seed."""
    ours = {r.seed: r for r in comparison.of(challenger) if r.state == "done"}
    theirs = {r.seed: r for r in comparison.of(baseline) if r.state == "done"}
    return [(ours[s], theirs[s]) for s in sorted(ours.keys() & theirs.keys())]


def score_matrix(runs: Sequence[Run], tasks: Sequence[str]) -> Array:
    """(runs × tasks) accuracies at the end."""
    return np.array([[at_end(run, task) for task in tasks] for run in runs]).reshape(
        len(runs), len(tasks)
    )
