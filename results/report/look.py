"""How an arm looks, in the files' figures as on the page."""

from __future__ import annotations

from dataclasses import dataclass

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.style import ARMS, DASHES, MARKERS


@dataclass(frozen=True)
class Look:
    """Three signs, so that arms are told apart without colour, too."""

    colour: int
    """Its place in ``ARMS``: the baseline is grey, the others take the palette in plan order."""
    dash: tuple[float, ...]
    """The line's pattern, in line widths; empty: solid."""
    marker: str
    """By matplotlib's name."""


def look(a: Analysis, arm: str) -> Look:
    """The look of an arm among those of its comparison."""
    place = a.comparison.arms.index(arm)
    return Look(
        colour=0 if arm == a.baseline else 1 + a.challengers.index(arm) % (len(ARMS) - 1),
        dash=DASHES[place % len(DASHES)],
        marker=MARKERS[place % len(MARKERS)],
    )
