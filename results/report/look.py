"""How an arm looks, in the files' figures as on the page."""

from __future__ import annotations

from dataclasses import dataclass

from srpo_bench.results.report import answer
from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.style import ARMS, DASHES, FEW, MARKERS


@dataclass(frozen=True)
class Look:
    """Three signs, so that arms are told apart without colour, too."""

    colour: int
    """Its place in ``ARMS``: the baseline is grey, the others take the palette in plan order."""
    dash: tuple[float, ...]
    """The line's pattern, in line widths; empty: solid."""
    marker: str
    """By matplotlib's name."""
    front: bool
    """Drawn in full; the others, where arms are many, in thin lines behind."""


def look(a: Analysis, arm: str) -> Look:
    """The look of an arm among those of its comparison."""
    place = a.comparison.arms.index(arm)
    return Look(
        colour=0 if arm == a.baseline else 1 + a.challengers.index(arm) % (len(ARMS) - 1),
        dash=DASHES[place % len(DASHES)],
        marker=MARKERS[place % len(MARKERS)],
        front=len(a.comparison.arms) <= FEW or arm in asked(a),
    )


def asked(a: Analysis) -> list[str]:
    """The arms that the answer is about: the baseline, and the challengers that the claim is made
    of."""
    return [a.baseline, *answer.leading(a)]


def banded(a: Analysis) -> list[str]:
    """Arms whose range over seeds is drawn: those in front, unless they are too many for it."""
    front = asked(a) if len(a.comparison.arms) > FEW else list(a.comparison.arms)
    return front if len(front) <= FEW else []
