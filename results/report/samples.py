"""Which recorded responses the page carries: few enough to load, spread over arms and time."""

from __future__ import annotations

from typing import Any

from srpo_bench.results.report.analysis import Analysis
from srpo_bench.results.runs import Run, samples

LIMIT = 240
CHARACTERS = 3000
PROBLEMS = 2
"""A task's problems that are shown before and after."""

Sample = dict[str, Any]
Ends = tuple[dict[str, Sample], dict[str, Sample]]
"""problem -> response, at the first and at the last evaluation."""


def chosen(a: Analysis) -> list[Sample]:
    """At most 240 samples, from the first two seeds of each arm, evenly over their steps, the last
    ones first."""
    sources = [
        run
        for arm in a.comparison.arms
        for run in [r for r in a.comparison.of(arm) if (r.folder / "samples.jsonl").exists()][:2]
    ]
    share = max(2, LIMIT // len(sources)) if sources else 0
    picked = [s for run in sources for s in _thin(run, share)][:LIMIT]
    return sorted(picked, key=lambda s: -float(s["step"] or 0))


def before_and_after(a: Analysis) -> list[dict[str, Any]]:
    """The same problems at the first and the last evaluation, every arm side by side.

    Of the first seed in which the most arms have both; problems that all of these were asked at
    both ends, two a task.
    """
    arms, most, chosen = a.comparison.arms, dict[str, Ends](), 0
    for seed in a.comparison.seeds:
        runs = {r.arm: r for r in a.comparison.runs if r.seed == seed}
        ends = {arm: both for arm in arms if arm in runs and (both := _ends(runs[arm]))[0]}
        if len(ends) > len(most):
            most, chosen = ends, seed
        if len(most) == len(arms):
            break
    return _shared(most, chosen) if len(most) > 1 or len(most) == len(arms) else []


def _ends(run: Run) -> Ends:
    """A run's; empty where it has one evaluation or none."""
    evaluated = [s for s in samples(run) if s.get("phase") == "eval"]
    steps = sorted({s.get("step", 0) for s in evaluated})
    if len(steps) < 2:
        return {}, {}
    first, last = ([s for s in evaluated if s.get("step") == end] for end in (steps[0], steps[-1]))
    return {s["problem"]: s for s in first}, {s["problem"]: s for s in last}


def _shared(ends: dict[str, Ends], seed: int) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    firsts = next(iter(ends.values()))[0]
    for problem, sample in firsts.items():
        task = str(sample.get("task"))
        if counts.get(task, 0) == PROBLEMS:
            continue
        if not all(problem in first and problem in last for first, last in ends.values()):
            continue
        counts[task] = counts.get(task, 0) + 1
        kept.append(
            {
                "task": task,
                "seed": seed,
                "prompt": _cut(str(sample.get("prompt", ""))),
                "expected": _cut(str(sample.get("expected") or "")),
                "arms": [
                    {
                        "arm": arm,
                        "first": _shown(first[problem]),
                        "last": _shown(last[problem]),
                    }
                    for arm, (first, last) in ends.items()
                ],
            }
        )
    return kept


def _shown(s: Sample) -> dict[str, Any]:
    return {
        "step": s.get("step"),
        "outcome": str(s.get("outcome")),
        "response": _cut(str(s.get("response", ""))),
    }


def _thin(run: Run, share: int) -> list[Sample]:
    every = list(samples(run))
    picks = {round(i * (len(every) - 1) / max(share - 1, 1)) for i in range(share)} if every else ()
    return [_show(run, every[i]) for i in sorted(picks)]


def _show(run: Run, s: Sample) -> Sample:
    kept = ("step", "phase", "task", "outcome", "reward", "advantage", "length", "truncated")
    texts = {k: _cut(str(s.get(k) or "")) for k in ("problem", "prompt", "response", "expected")}
    return {"run": run.name, "arm": run.arm, **{k: s.get(k) for k in kept}, **texts}


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[:CHARACTERS] + " …"
