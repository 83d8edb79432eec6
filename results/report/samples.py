"""Which recorded responses the page carries: few enough to load, spread over arms and time."""

from __future__ import annotations

from typing import Any

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.runs import Run, samples

LIMIT = 240
CHARACTERS = 3000


def chosen(a: Analysis) -> list[dict[str, Any]]:
    """At most 240 samples, from the first two seeds of each arm, evenly over their steps."""
    sources = [
        run
        for arm in a.comparison.arms
        for run in [r for r in a.comparison.of(arm) if (r.folder / "samples.jsonl").exists()][:2]
    ]
    share = max(2, LIMIT // len(sources)) if sources else 0
    return [s for run in sources for s in _thin(run, share)][:LIMIT]


def _thin(run: Run, share: int) -> list[dict[str, Any]]:
    found = list(samples(run))
    picks = {round(i * (len(found) - 1) / max(share - 1, 1)) for i in range(share)} if found else ()
    return [_show(run, found[i]) for i in sorted(picks)]


def _show(run: Run, s: dict[str, Any]) -> dict[str, Any]:
    kept = ("step", "phase", "task", "outcome", "reward", "advantage", "length", "truncated")
    texts = {k: _cut(str(s.get(k, ""))) for k in ("problem", "prompt", "response")}
    return {"run": run.name, "arm": run.arm, **{k: s.get(k) for k in kept}, **texts}


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[:CHARACTERS] + " …"
