"""Accuracy along the way: what arms that never ended show, too, beside the baseline's."""

from __future__ import annotations

from functools import partial

import numpy as np

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.runs import Comparison, Run
from srpo_bench.results.statistics import sampling
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.scores import at_step, differences
from srpo_bench.results.text import points

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Of the budget: behind each the last evaluation of the baseline so far is looked at."""


def table(a: Analysis) -> Table:
    """Every challenger's accuracy less the baseline's at the same step."""
    steps = _steps(a)
    rows = [
        (arm, *(gap(a.comparison, (arm, a.baseline), step) for step in steps))
        for arm in a.challengers
    ]
    kept = [row for row in rows if any(cell != "–" for cell in row[1:])]
    columns = ("arm", *(f"after {step:g} steps" for step in steps))
    note = (
        f"Accuracy less {a.baseline}'s at the same step, in points, paired by seed, with the 95 % "
        "interval; of the runs that got there, whether they have ended or not. No verdict reads it."
    )
    return Table("along", "Accuracy along the way", columns, tuple(kept), note)


def gap(comparison: Comparison, pair: tuple[str, str], step: float) -> str:
    """``+1.3 (-0.5 to +3.1), 6 pairs``: an arm's accuracy less another's after some steps; a dash
    where no pair got there."""
    scored = partial(_scored, step=step)
    each = differences(comparison, pair, scored, scored).complete
    if not len(each):
        return "–"
    runs = [*comparison.of(pair[0]), *comparison.of(pair[1])]
    floor = 2 * sampling.variance([run for run in runs if len(run.evals)]) / len(each)
    told = points(mean(each, floor=floor), "") if each.any() else "the same"
    count = f", {len(each)} pair{'s' * (len(each) != 1)}"
    return told + (count if len(each) < len(comparison.seeds) else "")


def _scored(run: Run, step: float) -> float:
    """NaN, too, of a log that is done and ended before: nobody knows what it would have had."""
    return at_step(run, step) if run.last_step >= step else float("nan")


def _steps(a: Analysis) -> list[float]:
    """Evaluated steps of the baseline at shares of the budget; none is the first one."""
    evaluated = [run.evals.step[1:] for run in a.comparison.of(a.baseline) if len(run.evals)]
    if not evaluated:
        return []
    every = np.unique(np.concatenate(evaluated))
    found = (every[every <= share * a.comparison.horizon][-1:] for share in SHARES)
    return list(dict.fromkeys(float(step) for last in found for step in last))
