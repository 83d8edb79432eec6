"""Accuracies by seed: at a share of the budget, at the end, and on the final benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics.speed import end


@dataclass(frozen=True)
class Differences:
    """Accuracy of a challenger less that of another arm, paired by seed, as fractions.

    complete: of the pairs that have both.   least, most: of all pairs, an accuracy that is missing
    counted as whichever of 0 and 1 makes its difference smallest, largest.   missing: whose.
    """

    complete: Array
    least: Array
    most: Array
    missing: tuple[str, ...]


def differences(
    comparison: Comparison,
    arms: tuple[str, str],
    ours: Callable[[Run], float],
    theirs: Callable[[Run], float],
) -> Differences:
    """Pair two arms' accuracies.

    Args:
        comparison: the runs.
        arms: challenger, and the arm it is compared with.
        ours: a challenger's accuracy; NaN where its run does not tell it.
        theirs: the other's.
    """
    challenger, other = arms
    c = {r.seed: ours(r) for r in comparison.of(challenger)}
    b = {r.seed: theirs(r) for r in comparison.of(other)}
    seeds = comparison.seeds_of(challenger, other)
    table = np.array([[c.get(s, np.nan), b.get(s, np.nan)] for s in seeds]).reshape(-1, 2)
    gone = np.isnan(table)
    names = [f"{arms[j]}/seed-{seeds[i]}" for i, j in np.argwhere(gone)]
    worst, best = np.where(gone, [0.0, 1.0], table), np.where(gone, [1.0, 0.0], table)
    complete, least, most = (t[:, 0] - t[:, 1] for t in (table[~gone.any(1)], worst, best))
    return Differences(complete, least, most, tuple(names))


def at_step(run: Run, step: float) -> float:
    """Accuracy at the last evaluation no later than a step, never one between two; NaN where an
    unfinished run did not get there."""
    if run.state != "done" and run.last_step < step:
        return float("nan")
    seen = run.evals.accuracy[run.evals.step <= step]
    return float(seen[-1]) if len(seen) else float("nan")


def at_end(run: Run, task: str | None = None) -> float:
    """Mean of the last two evaluations (after the first one), of one task or over tasks."""
    if task is not None and task not in run.evals.tasks:
        return float("nan")
    values = run.evals.accuracy if task is None else run.evals.tasks[task]
    return float(end(values)) if len(values) else float("nan")


def finished(run: Run) -> float:
    """Accuracy at the end of a run that is done; NaN of any other."""
    return at_end(run) if run.state == "done" else float("nan")


def scorer(runs: Sequence[Run], tasks: Sequence[str]) -> Callable[[Run], float]:
    """How runs are scored on tasks: all on their final benchmark where all have it, else all at
    the end of their evaluations, so that no two are asked different problems. NaN where a run
    says neither.

    Args:
        runs: the finished runs that are compared.
        tasks: whose scores are averaged.
    """
    final = all(task in run.final for run in runs for task in tasks)

    def score(run: Run) -> float:
        of = (lambda task: run.final[task]["accuracy"]) if final else (lambda t: at_end(run, t))
        return float(np.mean([of(task) for task in tasks]))

    return score


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
