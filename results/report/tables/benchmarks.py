"""The benchmark table, and beside it what others have reported."""

from __future__ import annotations

from math import isnan

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.report.tables.table import Table
from srpo_bench.results.statistics.benchmarks import BenchmarkMean, references

_ERRORS = (
    "Mean over seeds, in per cent, ± its standard error between seeds; in brackets the standard "
    "error that sampling the responses alone explains, which the first contains."
)
_BASE = " Base: the model before training, at the evaluations of step 0."
_REPORTED = (
    "Reported by others, in per cent as they printed it. Nothing in this table was measured here"
)


def measured(a: Analysis) -> Table:
    """Every arm on every benchmark at the end, and the base model where it was scored."""
    shown = {name: arm.benchmark for name, arm in a.arms.items() if arm.benchmark}
    tasks = list(dict.fromkeys(task for scores in shown.values() for task in scores))
    sizes = {t: next(scores[t] for scores in shown.values() if t in scores) for t in tasks}
    base = {t: s for t, s in a.base.items() if t in tasks}
    rows = [(name, *(_cell(s.get(t), sizes[t]) for t in tasks)) for name, s in shown.items()]
    if base and rows:
        rows.insert(0, ("base", *(_cell(base.get(t), sizes[t]) for t in tasks)))
    columns = ("arm", *(f"{title(t)}{_size(sizes[t])}" for t in tasks))
    note = _ERRORS + (_BASE if base else "")
    return Table("benchmarks", "Benchmarks at the end", columns, tuple(rows), note)


def reported(a: Analysis) -> Table:
    """What others have printed for the same benchmarks, marked as theirs."""
    printed = references()
    names = printed.benchmarks
    rows = [
        (r.model, f"{r.reported_by}, {r.where}", *(r.scores.get(key, "–") for key in names))
        for r in printed.reports
    ]
    ours = {task for arm in a.arms.values() for task in arm.benchmark}
    if ours & names.keys():
        note = f"{_REPORTED}; prompts, response lengths and sampling may differ from ours."
    else:
        note = (
            f"{_REPORTED}, and nothing that was measured here is comparable to it: these are other "
            f"tasks ({', '.join(sorted(ours)) or 'none yet'}) and models of another size."
        )
    columns = ("model", "reported by", *names.values())
    return Table("references", "Reported elsewhere", columns, tuple(rows), note)


def title(task: str) -> str:
    """A benchmark as papers print it; other tasks by their own name."""
    return references().benchmarks.get(task, task)


def _size(score: BenchmarkMean) -> str:
    if not score.problems:
        return ""
    return f" (n = {score.problems})" if score.k < 2 else f" (n = {score.problems}, avg@{score.k})"


def _cell(score: BenchmarkMean | None, size: BenchmarkMean) -> str:
    """``41.2 ± 0.8 (0.5)``; the base's own n where it differs."""
    if score is None:
        return "–"
    text = f"{100 * score.value:.1f}"
    if not isnan(score.between):
        text += f" ± {100 * score.between:.1f}"
    if not isnan(score.sampling):
        text += f" ({100 * score.sampling:.1f})"
    return text if score.problems == size.problems else f"{text}, n = {score.problems}"
