"""Are the runs matched? Everything but the algorithm equal, and their manifests prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from srpo_bench.results.runs import Run
from srpo_bench.results.store import CORE
from srpo_bench.results.text import some


@dataclass(frozen=True)
class Matched:
    """The proof, or what it lacks."""

    differing: dict[str, list[Any]]
    """field -> the values that occur, most common first."""
    unknown: list[str]
    """Fields that some run does not know."""
    fields: int
    """How many fields were compared."""

    def __bool__(self) -> bool:
        return not self.differing and not self.unknown and self.fields > 0

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
        groups = _by_seed(runs) if field == "seed" or field.endswith("_seed") else [list(runs)]
        missing = [run for run in runs if run.contract.get(field) is None]
        known = len(runs) - len(missing)
        if (missing and known) or (field in CORE and not known):
            unknown.append(field)
        for group in groups:
            values = [v for run in group if (v := run.contract.get(field)) is not None]
            distinct = {repr(v): v for v in values}
            if len(distinct) > 1:
                keys = [repr(v) for v in values]
                ordered = sorted(distinct, key=lambda k: -keys.count(k))
                differing[field] = [distinct[k] for k in ordered]
                break
    return Matched(differing, unknown, len(fields))


def _by_seed(runs: Sequence[Run]) -> list[list[Run]]:
    seeds = dict.fromkeys(run.seed for run in runs)
    return [[run for run in runs if run.seed == seed] for seed in seeds]
