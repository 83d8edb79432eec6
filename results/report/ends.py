"""Where two arms end: both read where the one that ends first ends, as the verdict reads them."""

from __future__ import annotations

from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics.contrast import AxisContrast, Contrast, paired_curves
from srpo_bench.results.statistics.inference import mean
from srpo_bench.results.statistics.speed import end
from srpo_bench.results.text import level, points


def accuracies(comparison: Comparison, pair: Contrast) -> tuple[str, str]:
    """Of challenger and baseline, from the curves that their difference is of."""
    curves = paired_curves(comparison, pair, "steps") if pair.steps else None
    if curves is None:
        return "–", "–"
    ours, theirs = (arm.until(float(curves[1].step[-1])) for arm in curves)
    return level(float(end(ours.accuracy).mean())), level(float(end(theirs.accuracy).mean()))


def difference(cell: AxisContrast | None) -> str:
    """Challenger less baseline: ``+1.0 points (-0.6 to +2.5)``; empty where no pair is."""
    if cell is None:
        return ""
    gap = mean(cell.race.final, floor=float(cell.race.error))
    return points(gap) if gap.n else ""


def when(comparison: Comparison, pair: Contrast) -> str:
    """The words for where that is: what a challenger did after the baseline's end is not read."""
    curves = paired_curves(comparison, pair, "steps")
    assert curves is not None  # there is a difference
    ours, theirs = (float(arm.step[-1]) for arm in curves)
    return f"At step {theirs:g}, where {pair.baseline} ends," if ours > theirs else "At the end"
