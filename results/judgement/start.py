"""Do all arms start from the same accuracy? One base and one evaluation say so by themselves.

Arms that were made here are evaluated on the same draws at step 0 and are equal to the last bit.
Those of an import may differ by noise, not by more. It also catches percent in one arm and
fractions in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from srpo_bench.results.runs import Run
from srpo_bench.results.statistics.inference import equivalence, mean

MARGIN = 0.02
"""Points by which arms' accuracies at step 0 may lie apart."""
FIELD = "accuracy at step 0"


@dataclass(frozen=True)
class Start:
    """What is known, and the arms' mean accuracies at step 0, in per cent."""

    verdict: Literal["alike", "known to differ", "unknown"]
    accuracies: list[Any]


def compare(runs: Sequence[Run], margin: float = MARGIN) -> Start:
    """Each arm against the first one, paired by seed, at the evaluations of step 0.

    Alike: equal, or within the margin by two one-sided tests. Known to differ: the whole 95 %
    interval lies beyond it. Unknown: the seeds cannot tell. Arms without an evaluation at step 0
    are no matter here: without one there is no verdict anyway.
    """
    arms: dict[str, dict[int, float]] = {}
    for run in runs:
        if len(run.evals) and run.evals.step[0] == 0:
            arms.setdefault(run.arm, {})[run.seed] = float(run.evals.accuracy[0])
    shown = [f"{arm} {100 * np.mean(list(a.values())):.1f} %" for arm, a in arms.items()]
    first = next(iter(arms.values()), {})
    verdicts = {_pair(first, other, margin) for other in list(arms.values())[1:]}
    for verdict in ("known to differ", "unknown"):
        if verdict in verdicts:
            return Start(verdict, shown)
    return Start("alike", shown)


def _pair(ours: dict[int, float], theirs: dict[int, float], margin: float) -> str:
    seeds = sorted(ours.keys() & theirs.keys())
    d = np.array([theirs[s] - ours[s] for s in seeds])
    if not len(d) or not d.any() or equivalence(d, margin).established:
        return "alike"
    estimate = mean(d)
    return "known to differ" if estimate.low > margin or estimate.high < -margin else "unknown"
