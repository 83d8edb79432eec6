"""What a step is: a claim about steps, judged in each unit that a step may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from srpo_bench.results.judgement.finding import Finding
from srpo_bench.results.judgement.rules import Ruling, Verdict
from srpo_bench.results.records import Axis
from srpo_bench.results.runs import Run
from srpo_bench.results.schema import Unit
from srpo_bench.results.text import describe

STEPS: dict[Unit, str] = {
    "rollout batch": "rollout batches",
    "update": "updates",
    "unstated": "steps of a unit that nobody stated",
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


def unit_of(runs: Sequence[Run]) -> Unit:
    """What a step of some runs is; unstated where they differ. Runs made here count batches."""
    units = {run.manifest.get("unit", "rollout batch") for run in runs}
    return units.pop() if len(units) == 1 else "unstated"


def sentences(unit: Unit, judged: Callable[[Axis], Finding], headline: Verdict) -> Told:
    """A claim about steps in each unit.

    Args:
        unit: of the steps. judged: on an axis. headline: the verdict on steps.
    """
    steps: dict[str, Axis | None] = {STEPS[unit]: "steps"}
    by_unit: Told = {}
    for name, axis in (steps | UNITS if unit == "unstated" else UNITS | steps).items():
        finding = judged(axis) if axis else NOTHING
        verdict = headline if axis == "steps" else finding.ruling.verdict
        value = describe(finding.ratio) if finding.ratio else "not recorded"
        by_unit[name] = verdict, f"counted in {name}: {verdict}, {value}"
    return by_unit


def others(by_unit: Told, unit: Unit, headline: Verdict) -> str:
    """What the steps are, where they are no rollout batches, and the units in which the verdict is
    another, as the end of a sentence."""
    clauses = [sentence for verdict, sentence in by_unit.values() if verdict != headline]
    if by_unit and unit != "rollout batch":
        clauses.insert(0, f"the headline is in {STEPS[unit]}")
    return f"; {'; '.join(clauses)}" if clauses else ""
