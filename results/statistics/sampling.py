"""How uncertain one evaluation of one run is, by the sampling of its answers alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from srpo_bench.results.array import Array
from srpo_bench.results.runs import Run


def variance(runs: Sequence[Run]) -> float:
    """The sampling variance of one evaluation's accuracy, mean over runs; a floor of what their
    spread may say.

    From the recorded standard errors, and not below what so many answers leave open where all are
    right or all wrong. Where a record knows no error, or none but 0, from how evaluations jump
    about their neighbours; 0 where there are too few to tell.
    """
    variances = [_recorded(run) for run in runs]
    return float(np.mean(variances)) if variances else 0.0


def jeffreys(answers: float) -> float:
    """Variance of a share of so many answers that are all right: that of Jeffreys' estimate
    (k + ½) / (n + 1) of it, so that 24 of 24 is not certainty."""
    return (answers + 0.5) * 0.5 / (answers + 1) ** 2 / answers if answers > 0 else 0.0


def jumps(accuracy: Array) -> float:
    """Noise variance of a curve from its second differences, over its later half, where it bends
    least: their median square over that of normal noise."""
    late = accuracy[len(accuracy) // 2 :]
    if len(late) < 5:
        return 0.0
    return float(np.median(np.diff(late, 2) ** 2) / (6 * 0.4549))


def _recorded(run: Run) -> float:
    errors = run.evals.stderr[~np.isnan(run.evals.stderr)]
    recorded = float((errors**2).mean()) if len(errors) else 0.0
    return max(recorded or jumps(run.evals.accuracy), _edge(run.evals.last))


def _edge(scores: Mapping[str, Mapping[str, Any]]) -> float:
    """The variance of a mean over tasks that are each all right."""
    each = [jeffreys((s.get("n") or 0) * (s.get("k") or 1)) for s in scores.values()]
    return math.fsum(each) / len(each) ** 2 if each else 0.0
