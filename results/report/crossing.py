"""Where an arm's mean curve is at the target, as the verdict reads it."""

from __future__ import annotations

from srpo_bench.results.report.analysis import Analysis


def mean_crossing(a: Analysis, arm: str) -> tuple[float, bool] | None:
    """Where an arm's mean curve is at the target, and True; its end, and False, where it never is.
    The baseline's is read in the first pair; None: no pair is complete."""
    ours = arm in a.judges
    cell = a.judges[arm].contrast.steps if ours else a.first_steps
    if cell is None:
        return None
    at = cell.challenger if ours else cell.baseline
    return at, bool(cell.race.speed.arrived[0 if ours else 1])
