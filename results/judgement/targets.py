"""Which accuracy is to be reached: nine tenths of the baseline's gain, or a level the user names.

A level that was named when the comparison was planned was fixed before any run: the first one takes
the place of the default and decides, further ones are judged beside it. A level that is named later
is exploratory: it is judged and shown, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics.speed import Goal
from srpo_bench.results.statistics.steps import Gain
from srpo_bench.results.store import ResultsError

Standing = Literal["decides", "named beforehand", "exploratory"]


@dataclass(frozen=True)
class Target:
    """An accuracy to reach, a fraction, and what it counts for."""

    level: float
    standing: Standing
    named: bool = True

    @property
    def goal(self) -> Goal:
        """What curves are read for: a level that was named, or else the share of the gain, which
        is estimated anew with whatever it is estimated from."""
        return Goal(level=self.level) if self.named else Goal()

    @property
    def label(self) -> str:
        """What a table calls a named one."""
        return "named beforehand, decides" if self.standing == "decides" else self.standing


def checked(level: float) -> float:
    """The level, if it is one.

    Raises:
        ResultsError: not between 0 and 1.
    """
    if 0 < level < 1:
        return level
    hint = f" For {level:g} % write {level / 100:g}." if 1 < level < 100 else ""
    raise ResultsError(
        f"A target is an accuracy above 0 and below 1, such as 0.8, not {level:g}.{hint}"
    )


def targets(
    comparison: Comparison, gained: Gain, exploratory: Sequence[float] = ()
) -> list[Target]:
    """The target that decides, then the others.

    Args:
        comparison: whose plan may name levels.
        gained: the baseline's gain, for the default.
        exploratory: levels named after the runs were made.
    """
    planned = [checked(level) for level in comparison.plan.get("targets", [])]
    first = Target(planned[0], "decides") if planned else None
    later = [level for level in dict.fromkeys(map(checked, exploratory)) if level not in planned]
    return [
        first or Target(gained.level(), "decides", named=False),
        *(Target(level, "named beforehand") for level in planned[1:]),
        *(Target(level, "exploratory") for level in later),
    ]


def is_there(found: Sequence[Target], gained: Gain | None) -> bool:
    """Is there an accuracy to reach? One that is not above the base, as nine tenths of a gain that
    is none or a level that was named too low, is reached by whoever does nothing."""
    return gained is not None and any(t.level > gained.base for t in found[:1])
