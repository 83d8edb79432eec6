"""Which arm is the baseline and which the challenger."""

from __future__ import annotations

from srpo_bench.results.runs import Comparison
from srpo_bench.results.store import ResultsError


def pairs(
    comparison: Comparison, baseline: str | None, challenger: str | None
) -> list[tuple[str, str]]:
    """(challenger, baseline): one pair where arms are named or two, else every challenger."""
    if challenger is None and len(comparison.arms) > 2:
        reference = baseline if baseline in comparison.arms else None
        reference = reference or (comparison.baseline if baseline is None else None)
        if reference:
            return [(arm, reference) for arm in comparison.arms if arm != reference]
    return [name_arms(comparison, baseline, challenger)]


def as_named(comparison: Comparison, arm: str | None) -> str | None:
    """The arm as the comparison spells it, whatever its case."""
    same = (a for a in comparison.arms if arm is not None and a.casefold() == arm.casefold())
    return arm if arm in comparison.arms else next(same, arm)


def name_arms(
    comparison: Comparison, baseline: str | None, challenger: str | None
) -> tuple[str, str]:
    """(challenger, baseline), named or unambiguous."""
    arms = comparison.arms
    for name in (baseline, challenger):
        if name is not None and name not in arms:
            raise ResultsError(f"There is no arm '{name}' here; there are {', '.join(arms)}.")
    if baseline is None:
        others = [a for a in arms if a != challenger]
        sure = challenger is not None or len(arms) == 2
        if sure and comparison.baseline in others:
            baseline = comparison.baseline
        elif challenger and len(others) == 1:
            baseline = others[0]
    rest = [a for a in arms if a != baseline]
    if challenger is None and len(rest) == 1:
        challenger = rest[0]
    if baseline is None or challenger is None:
        raise ResultsError(
            f"Name --baseline and --challenger; the arms here are {', '.join(arms)}."
        )
    if baseline == challenger:
        raise ResultsError(f"'{baseline}' cannot be compared with itself; name two arms.")
    return challenger, baseline
