"""Were the arms evaluated where a verdict reads them?

At step 0, else nobody knows whether both start alike. And around the steps that decide: between two
evaluations that lie far apart a crossing is where the curve laid through them puts it.
"""

from __future__ import annotations

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Comparison
from srpo_bench.results.statistics.contrast import Contrast, paired_curves
from srpo_bench.results.text import number

APART = 2.0
"""Times that the evaluation after a step that decides may lie beyond the one before. Even
evaluations, two of which lie within that step, never lie further apart."""


def unseen(comparison: Comparison, pair: Contrast, axis: str = "steps", share: float = 1.0) -> str:
    """Why an arm's curve is not known where it is read; empty when it is.

    The baseline is read at its crossing. The challenger is read at a share of what that cost, and
    only a crossing of its own between the same two evaluations hangs on what lies between them.

    Args:
        comparison: the runs. pair: its two arms. axis: of the cost. share: what a claim leaves.
    """
    curves = paired_curves(comparison, pair, axis) if pair.steps else None
    if curves is None or pair.steps is None:
        return ""
    ours = curves[0]
    spent = ours.step if ours.spent is None else ours.spent.mean(0)
    if ours.step[0] > 0:
        return (
            f"no evaluation at step 0: {pair.challenger}'s first is at step {ours.step[0]:g}, so "
            "nobody knows whether both arms start alike"
        )
    allowed = float(np.interp(share * pair.axes[axis].baseline, spent, ours.step))
    theirs, own = pair.steps.baseline, pair.steps.challenger
    for arm, step, crossed in ((pair.baseline, theirs, theirs), (pair.challenger, allowed, own)):
        for run in (run for run in comparison.of(arm) if run.seed in pair.seeds):
            before, after = around(run.evals.step, step)
            if before < crossed < after and after > APART * before:
                return (
                    f"{run.name} was not evaluated between step {before:g} and step {after:g}, and "
                    f"step {number(step)} decides"
                )
    return ""


def around(evaluated: Array, step: float) -> tuple[float, float]:
    """The evaluations on either side of a step; the nearest one twice beyond the ends."""
    i = int(np.searchsorted(evaluated, step))
    last = len(evaluated) - 1
    after = evaluated[min(i, last)]
    return float(after if i > last or after == step or i == 0 else evaluated[i - 1]), float(after)
