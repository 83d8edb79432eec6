"""The ladder's figure."""

from __future__ import annotations

from matplotlib.figure import Figure

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.figures import marks as draw


def figure(a: Analysis) -> Figure | None:
    """Ratio of steps of each rung, then of each control."""
    shown = [rung for rung in a.ladder if rung.steps.value > 0]
    if not shown:
        return None
    made, axes = draw.figure(7.6, 1.0 + 0.42 * len(shown))
    ticks, y = {}, 0.0
    for before, rung in zip([shown[0], *shown], shown, strict=False):
        y += 0.5 * (before.kind != rung.kind)
        draw.whisker(axes, y, rung.steps, a, rung.contrast.challenger)
        ticks[y] = f"{rung.contrast.challenger}\nagainst {rung.contrast.baseline}"
        y += 1
    draw.rows(axes, ticks, max(ticks))
    draw.ratio_axis(axes, [rung.steps for rung in shown], a.threshold)
    axes.set_xlabel("steps to the same target, arm over what it is read against (log scale)")
    return made
