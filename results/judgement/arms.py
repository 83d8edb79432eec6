"""Which arm is the baseline and which the challenger."""

from __future__ import annotations

from srpo_bench.results.runs import Comparison
from srpo_bench.results.store import ResultsError


def pairs(
    comparison: Comparison, baseline: str | None, challenger: str | None
) -> list[tuple[str, str]]:
    """(challenger, baseline): every other arm against the baseline, or the one that is named.

    Raises:
        ResultsError: an arm that is not there, one against itself, or no pair that goes by itself.
    """
    arms = comparison.arms
    for name in (baseline, challenger):
        if name is not None and name not in arms:
            raise ResultsError(f"There is no arm '{name}' here; there are {', '.join(arms)}.")
    if baseline is not None and baseline == challenger:
        raise ResultsError(f"'{baseline}' cannot be compared with itself; name two arms.")
    others = [arm for arm in arms if arm != challenger]
    if baseline is None and comparison.baseline in others:
        baseline = comparison.baseline
    elif baseline is None and len(others) == 1:
        baseline = others[0]
    challengers = [arm for arm in arms if arm != baseline] if challenger is None else [challenger]
    if baseline is None or not challengers:
        raise ResultsError(
            f"Name --baseline and --challenger; the arms here are {', '.join(arms)}."
        )
    return [(arm, baseline) for arm in challengers]
