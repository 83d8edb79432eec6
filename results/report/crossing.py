"""Where an arm's mean curve is at the target, as the verdict reads it."""

from __future__ import annotations

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.text import level, number


def mean_crossing(a: Analysis, arm: str) -> tuple[float, bool] | None:
    """Where an arm's mean curve is at the target, and True; its end, and False, where it never is.
    The baseline's is read in the first pair; None: no pair is complete, or all are there from the
    start."""
    ours = arm in a.judges
    cell = a.judges[arm].contrast.steps if ours else a.first_steps
    if cell is None or not cell.ratio.n:
        return None
    at = cell.challenger if ours else cell.baseline
    return at, bool(cell.race.speed.arrived[0 if ours else 1])


def steps_told(a: Analysis, arm: str) -> str:
    """The same in words: ``61.5``, ``> 120`` where it never is, and to which target where that is
    another than the comparison's, since some of the arm's pairs are missing."""
    found = mean_crossing(a, arm)
    if found is None:
        return "–"
    value, arrived = found
    steps = number(value) if arrived else f"> {number(value)}"
    own = a.judges[arm].contrast.target if arm in a.judges else a.target
    return steps if level(own) == level(a.target) else f"{steps}, to {level(own)}"
