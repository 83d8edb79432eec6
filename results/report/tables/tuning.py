"""The tuning behind a comparison: what was tried, on which seeds, by which rule."""

from __future__ import annotations

from typing import Any

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.text import number


def table(a: Analysis) -> Table:
    """Every candidate that was tried, the chosen ones marked."""
    tuning = a.comparison.plan.get("tuning")
    rows = [] if tuning is None else [_row(c) for c in tuning["candidates"]]
    columns = (
        *("method", "tried", "steps to target", "accuracy at the end, mean", "each seed"),
        "",
    )
    note = "" if tuning is None else sentence(tuning)
    return Table("tuning", "Tuning", columns, tuple(rows), note)


def sentence(tuning: dict[str, Any]) -> str:
    """Budget, seeds and rule, and what the tuning did not share with this comparison."""
    budget = "; ".join(
        f"{algorithm}: {b['candidates']} candidate{'s' * (b['candidates'] != 1)}, {b['runs']} runs"
        for algorithm, b in tuning["budget"].items()
    )
    seeds = ", ".join(str(s) for s in tuning["seeds"])
    text = (
        f"Tried before these runs, on seeds that are not among theirs ({seeds}), "
        f"{tuning['steps']} steps each. Budget: {budget}. Rule: {tuning['rule']}"
    )
    if tuning.get("untuned"):
        text += f" Not tuned themselves: {', '.join(tuning['untuned'])}."
    if tuning.get("differs"):
        changed = "; ".join(f"{k} {v[0]}, here {v[1]}" for k, v in tuning["differs"].items())
        text += f" Tuned with other settings: {changed}."
    return text


def _row(candidate: dict[str, Any]) -> tuple[str, ...]:
    tried = ", ".join(f"{k}={v}" for k, v in candidate["values"].items()) or "as it is"
    each = ", ".join("failed" if s is None else f"{100 * s:.1f}" for s in candidate["scores"])
    mean = "–" if candidate["mean"] is None else f"{100 * candidate['mean']:.1f} %"
    pace = "–" if candidate.get("steps") is None else number(candidate["steps"])
    chosen = "chosen" if candidate["chosen"] else ""
    return (candidate["algorithm"], tried, pace, mean, each, chosen)
