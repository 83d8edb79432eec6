"""How large what was trained is: the model's parameters, and the words for them."""

from __future__ import annotations

from typing import Literal

from srpo_bench.results.runs import Comparison

Scale = Literal["toy", "small", "real", "unknown"]
TOY, SMALL = 10e6, 1e9
"""Parameters below which a model is called so."""
SHIPPED = {"4e845c6ab45b0d2976188dc818f5339f0ff73942525e99009f3d4e40f2cf5471": 1_114_368}
"""digest of the shipped base -> its parameters, for runs from before they were recorded."""


def parameters(comparison: Comparison) -> int | None:
    """Parameters of the base that the runs start from; None where nothing says."""
    for run in comparison.runs:
        base = run.manifest.get("base") or {}
        size = base.get("parameters") or SHIPPED.get(str(base.get("sha256")))
        if isinstance(size, int):
            return size
    return None


def scale(count: int | None) -> Scale:
    """The class that the fixed table of meanings is read by."""
    if count is None:
        return "unknown"
    return "toy" if count < TOY else "small" if count < SMALL else "real"


def model(comparison: Comparison) -> str:
    """``a toy model of 1.1 M parameters``, ``a small model of 135 M parameters``."""
    count = parameters(comparison)
    if count is None:
        return "a model of unknown size"
    kind = {"toy": "a toy model", "small": "a small model"}.get(scale(count), "a model")
    size, letter = (count / 1e6, "M") if count < SMALL else (count / 1e9, "B")
    digits = 2 if size < 10 else 3
    return f"{kind} of {float(f'{size:.{digits}g}'):g} {letter} parameters"
