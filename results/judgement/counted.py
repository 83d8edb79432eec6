"""What a step is: a claim about steps, judged in each unit that a step may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from srpo_bench.results.judgement.finding import Finding, ratio_told
from srpo_bench.results.judgement.rules import Ruling, Verdict
from srpo_bench.results.records import Axis
from srpo_bench.results.runs import Run
from srpo_bench.results.schema import Unit

Counted = Unit | Literal["mixed"]
STEPS: dict[Counted, str] = {
    "rollout batch": "rollout batches",
    "update": "updates",
    "unstated": "steps of a unit that nobody stated",
    "mixed": "steps of two units",
}
"""What a run's steps are -> what they are called; the headline of a claim about steps."""
UNITS: dict[str, Axis | None] = {
    "rollout batches": None,
    "updates": "updates",
    "responses": "responses",
}
"""What such a claim is judged in besides -> the axis; null: only a step can be that."""
NOTHING = Finding(Ruling("no-verdict", "not recorded"))

Told = dict[str, tuple[Verdict, str]]
"""unit -> the verdict in it, and a sentence."""


def unit_of(runs: Sequence[Run]) -> Counted:
    """What a step of some runs is; unstated where one run's is. Runs made here count batches."""
    units: set[Unit] = {run.manifest.get("unit", "rollout batch") for run in runs}
    if "unstated" in units or not units:
        return "unstated"
    return units.pop() if len(units) == 1 else "mixed"


def sentences(unit: Counted, judged: Callable[[Axis], Finding], headline: Verdict) -> Told:
    """A claim about steps in each unit.

    Args:
        unit: of the steps. judged: on an axis. headline: the verdict on steps.
    """
    steps: dict[str, Axis | None] = {STEPS[unit]: "steps"}
    by_unit: Told = {}
    for name, axis in (UNITS | steps if steps.keys() <= UNITS.keys() else steps | UNITS).items():
        finding = judged(axis) if axis else NOTHING
        verdict = headline if axis == "steps" else finding.ruling.verdict
        value = ratio_told(finding.ratio, finding.bound) if finding.ratio else "not recorded"
        by_unit[name] = verdict, f"counted in {name}: {verdict}, {value}"
    return by_unit


def others(by_unit: Told, unit: Counted, headline: Verdict) -> str:
    """What the steps are, where they are no rollout batches, and the units in which the verdict is
    another, as the end of a sentence."""
    clauses = [sentence for verdict, sentence in by_unit.values() if verdict != headline]
    if by_unit and unit != "rollout batch":
        clauses.insert(0, f"the headline is in {STEPS[unit]}")
    return f"; {'; '.join(clauses)}" if clauses else ""
