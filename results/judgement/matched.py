"""Are the runs matched? Everything but the algorithm equal, and their manifests prove it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srpo_bench.results.judgement import start
from srpo_bench.results.runs import Run
from srpo_bench.results.schema import CORE
from srpo_bench.results.text import some

UNIT = "unit of a step"
LAST = "last evaluated step"
VARIED = 10
"""Different accuracies in a curve that another run does not repeat by chance: of 24 answers two
runs of one skill agree at one evaluation in 3 to 8."""
DIGITS = 6
"""Of an accuracy: what is left of a run that two tools wrote, one in float32."""


@dataclass(frozen=True)
class Matched:
    """The proof, or what it lacks."""

    differing: dict[str, list[Any]]
    """field -> the values that occur, most common first."""
    unknown: list[str]
    """Fields that some run does not know."""
    fields: int
    """How many fields were compared."""
    copies: tuple[str, ...] = ()
    """Runs that repeat, in more than their accuracy, another of their arm under another seed."""

    def __bool__(self) -> bool:
        return not self.differing and not self.unknown and self.fields > 0

    @property
    def known_to_differ(self) -> str:
        """What no vouching undoes: the fields whose values are known and not equal; or empty."""
        return some(list(self.differing))

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        if self:
            return f"matched: all {self.fields} fields of the contract are equal in all runs"
        parts = []
        if self.differing:
            parts.append(f"different: {some(list(self.differing))}")
        if self.unknown:
            parts.append(f"unknown: {some(self.unknown)}")
        return "not matched: " + ("; ".join(parts) or "the runs carry no contract")


def matched(runs: Sequence[Run]) -> Matched:
    """Compare the contracts of runs field by field.

    A field that is a seed (``seed`` or ``…_seed``) may differ between seeds, never within one.
    """
    fields = dict.fromkeys([*CORE, *(f for run in runs for f in run.contract)])
    differing, unknown = {}, []
    for field in fields:
        stated = sum(run.contract.get(field) is not None for run in runs)
        if 0 < stated < len(runs) or (field in CORE and not stated):
            unknown.append(field)
        groups = _by_seed(runs) if field == "seed" or field.endswith("_seed") else [runs]
        if values := next(filter(None, (_unlike(group, field) for group in groups)), []):
            differing[field] = values
    units = {unit for run in runs if (unit := run.manifest.get("unit")) not in (None, "unstated")}
    if len(units) > 1:
        differing[UNIT] = sorted(units)
    elif units and any(run.manifest.get("unit") == "unstated" for run in runs):
        unknown.append(UNIT)
    if ends := _unlike_ends(runs):
        differing[LAST] = ends
    standing = start.compare(runs)
    if standing.verdict == "unknown":
        unknown.append(start.FIELD)
    if standing.verdict == "known to differ":
        differing[start.FIELD] = standing.accuracies
    return Matched(differing, unknown, len(fields), copies(runs))


def _unlike(runs: Sequence[Run], field: str) -> list[Any]:
    """The values of a field that runs should share, most common first; empty where they do."""
    values = [v for run in runs if (v := run.contract.get(field)) is not None]
    counts = Counter(map(repr, values))
    distinct = {repr(v): v for v in values}
    return [distinct[key] for key, _ in counts.most_common()] if len(counts) > 1 else []


def _unlike_ends(runs: Sequence[Run]) -> list[Any]:
    """Where runs that are done stop being evaluated, unless their budgets say so themselves: an arm
    is read up to the end of its shortest run, so that one that was cut off, or whose later
    evaluations are lost, shortens the comparison, even where its partner was cut off with it."""
    budgets = {steps for run in runs if (steps := run.contract.get("steps")) is not None}
    ends = {int(run.evals.step[-1]) for run in runs if len(run.evals) and run.state == "done"}
    return sorted(ends) if len(ends) > 1 >= len(budgets) else []


def copies(runs: Sequence[Run]) -> tuple[str, ...]:
    """Runs whose whole record repeats that of an earlier seed of their arm.

    Equal accuracies alone prove little, for small sets repeat by chance: where it is recorded, what
    was spent and how long responses were must be equal too. A log that holds nothing else is a copy
    where its curve varies too much for chance.
    """
    seen: dict[object, str] = {}
    repeats = []
    for run in runs:
        record = _fingerprint(run)
        if record is None:
            continue
        if (run.arm, record) in seen:
            repeats.append(f"{run.name} repeats {seen[run.arm, record]}")
        seen.setdefault((run.arm, record), run.name)
    return tuple(repeats)


def _fingerprint(run: Run) -> object | None:
    """A run's record beyond its accuracy, to be compared; None where it has nothing beyond."""
    tokens = run.evals.spent.get("tokens")
    scores = tuple(
        (task, str(score.get("length")), str(score.get("outcomes")))
        for task, score in run.evals.last.items()
    )
    shown = [np.round(x, DIGITS) for x in (run.evals.accuracy, *run.evals.tasks.values())]
    columns = [run.evals.step, *shown]
    if tokens is not None and any(length != "None" for _, length, _ in scores):
        columns.append(tokens)
    elif len(np.unique(shown[0])) < VARIED:
        return None
    return (*(column.tobytes() for column in columns), scores)


def _by_seed(runs: Sequence[Run]) -> list[list[Run]]:
    seeds = dict.fromkeys(run.seed for run in runs)
    return [[run for run in runs if run.seed == seed] for seed in seeds]
