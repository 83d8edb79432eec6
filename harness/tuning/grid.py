"""What ``bench tune`` tries: a grid of settings for every method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf
from statistics import fmean
from typing import Any

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError, unknown
from srpo_bench.results.baseline import baseline_of

SECTIONS = ("optim", "rollout", "reward")
"""What may be tuned of the contract. The rest is what candidates are scored by."""


@dataclass(frozen=True)
class Candidate:
    """One point of a method's grid."""

    algorithm: str
    number: int
    values: Mapping[str, Any]
    """path -> value, as they were typed."""
    scores: Sequence[float | None] = field(default=())
    """Accuracy at the end by seed; None: that run failed."""
    steps: float | None = None
    """To the target, by the mean curve; None: not reached and kept."""

    @property
    def name(self) -> str:
        """Its folder's."""
        return f"{self.algorithm}-{self.number}"

    @property
    def shared(self) -> dict[str, Any]:
        """Its values of settings that all methods share."""
        return {p: v for p, v in self.values.items() if _head(p) in SECTIONS}

    @property
    def own(self) -> dict[str, Any]:
        """Its values of its method's own settings, by their names there."""
        return {p.partition(".")[2]: v for p, v in self.values.items() if p not in self.shared}

    @property
    def mean(self) -> float | None:
        """Accuracy at the end; None where a run failed or is not there yet."""
        scores = [s for s in self.scores if s is not None]
        return fmean(scores) if scores and len(scores) == len(self.scores) else None

    @property
    def typed(self) -> str:
        """Its values as they were typed."""
        return ", ".join(f"{path}={value}" for path, value in self.values.items())

    @property
    def rank(self) -> tuple[float, float]:
        """The smaller the better, by ``search.RULE``."""
        return (inf if self.steps is None else self.steps, -(self.mean or 0.0))


def read_params(texts: Sequence[str]) -> dict[str, list[Any]]:
    """``["optim.lr=1e-4,2e-4"]`` as path -> values.

    Raises:
        UserError: not of that form, or a path or value that appears twice.
    """
    params: dict[str, list[Any]] = {}
    for text in texts:
        path, _, listed = text.partition("=")
        values = [layers.scalar(part) for part in listed.split(",") if part]
        if not values or "." not in path:
            raise UserError(
                f"--param takes path=value,value, as in optim.lr=1e-4,2e-4, not '{text}'."
            )
        if path in params or len({repr(v) for v in values}) < len(values):
            raise UserError(f"--param {path} has a path or a value that appears twice.")
        params[path] = values
    if not params:
        raise UserError("There is nothing to tune: give --param, as in --param optim.lr=1e-4,2e-4.")
    return params


def grid(algorithms: Sequence[str], params: Mapping[str, Sequence[Any]]) -> list[Candidate]:
    """Every method's full grid: shared values times its own. The first method is the baseline.

    Raises:
        UserError: a path that belongs to no method here, or a budget that favours a challenger.
    """
    for path in params:
        if _head(path) in Config.model_fields and _head(path) not in SECTIONS:
            raise UserError(
                f"--param {path} would change what candidates are scored by; "
                f"{', '.join(f'{s}.…' for s in SECTIONS)} and a method's own settings can be tuned."
            )
        if _head(path) not in (*SECTIONS, *algorithms):
            raise unknown("setting to tune", _head(path), [*SECTIONS, *algorithms])
    candidates: list[Candidate] = []
    for algorithm in algorithms:
        mine = {p: v for p, v in params.items() if _head(p) in (*SECTIONS, algorithm)}
        points = [dict(zip(mine, point, strict=True)) for point in product(*mine.values())]
        candidates += [Candidate(algorithm, i, point) for i, point in enumerate(points, 1)]
    counts = {a: sum(c.algorithm == a for c in candidates) for a in algorithms}
    baseline = algorithms[0]
    for algorithm, count in counts.items():
        if count > counts[baseline]:
            raise UserError(
                f"{algorithm} would try {count} candidates and {baseline}, the baseline, "
                f"{counts[baseline]}: a baseline that was searched less proves nothing. Give "
                f"{baseline} as many, or {algorithm} fewer."
            )
    return candidates


def order(names: Sequence[str]) -> list[str]:
    """The baseline first, the others as they stand."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UserError(f"--algo {min(twice)} appears twice.")
    baseline = baseline_of({name: name for name in names})
    return sorted(names, key=lambda name: name != baseline)


def _head(path: str) -> str:
    return path.partition(".")[0]
