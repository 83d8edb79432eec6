"""What docs/answer.md says of the published comparisons on a real model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts import readme
from scripts.blocks import PUBLISHED, percent, summary, table
from scripts.publish import RECORDS, unpack

GPU, CPU = "smollm2", "smollm2-cpu"
AFTER = (10, 20, 50, 100)
ALONG = (
    *((arm, "grpo") for arm in ("srpo", "srpo-paper", "grpo-token", "greso", "mopps", "srpo-back")),
    ("srpo-paper", "grpo-token"),
    ("srpo-back", "srpo"),
)
"""Steps, and pairs of arms, whose accuracies on the real model stand side by side."""
METRICS = {
    "GSM8K strict-match": ("gsm8k", "strict-match", "exact_match, strict-match"),
    "GSM8K flexible-extract": ("gsm8k", "flexible-extract", "exact_match, flexible-extract"),
    "MATH math_verify": ("math", "math-verify", "math_verify"),
}
"""Metric as a table names it -> its task, and its name here and in lm-eval's results."""


def arms(folder: str) -> str:
    """The real model: against the baseline, along the way, the arms' groups, then benchmarks."""
    parts = (readme.arms, _along, _groups, _last)
    return "\n\n".join(part(folder) for part in parts)


def both(folder: str) -> str:
    """The base and two trained models, greedy, by this harness and by lm-eval."""
    names = {"base": "the base", "grpo-5": "`grpo`, seed 5", "srpo-5": "`srpo`, seed 5"}
    own = {name: _scores(folder, f"{name}-own") for name in names}
    theirs = {name: _scores(folder, f"{name}-lm-eval") for name in names}
    asked = {task for task, _ in own["base"]}
    shown = {metric: keys for metric, keys in METRICS.items() if keys[0] in asked}
    rows = []
    for name, model in names.items():
        pairs = (
            (own[name][task, here], theirs[name][task, there])
            for task, here, there in shown.values()
        )
        rows.append((model, *chain.from_iterable(pairs)))
    head = (f"{metric}{by}" for metric in shown for by in (", here", ", lm-eval"))
    return table(("model", *head), rows)


def _along(folder: str) -> str:
    """Accuracy after some steps, paired by seed with that of another arm."""
    from srpo_bench.results.report.tables.along import gap
    from srpo_bench.results.runs import read

    with TemporaryDirectory() as scratch:
        comparison = read(unpack(PUBLISHED / folder / RECORDS, Path(scratch)))
        rows = [
            (f"`{pair[0]}` less `{pair[1]}`", *(gap(comparison, pair, step) for step in AFTER))
            for pair in ALONG
            if {*pair} <= {*comparison.arms}
        ]
    return table(("accuracy, points", *(f"after {step} steps" for step in AFTER)), rows)


def _groups(folder: str) -> str:
    rows = [
        (f"`{arm}`", *(percent(health["whole_budget"][k]) for k in ("solved", "hopeless", "cut")))
        for arm, health in summary(folder)["health"].items()
    ]
    return table(("arm", "groups all right", "groups all wrong", "responses cut off"), rows)


def _last(folder: str) -> str:
    """Mean over seeds and its standard error between them, of every benchmark; the base first."""
    arms = summary(folder)["arms"]
    first = next(iter(arms.values()))
    base = {task: score for (task, _), score in reversed(_scores(folder, "base-sampled").items())}
    before = percent(first["base_accuracy"]["value"])
    rows = [("the base", "", before, *(base[task] for task in first["benchmarks"]))]
    for name, arm in arms.items():
        shown = (_spread(arm["benchmarks"].get(task)) for task in first["benchmarks"])
        done = f"{arm['states'].get('done', 0)} of {arm['seeds']}"
        rows.append((f"`{name}`", done, percent(arm["final_accuracy"]["value"]), *shown))
    benchmarks = (
        f"{task}, {score['problems']} problems" for task, score in first["benchmarks"].items()
    )
    return table(("", "runs done", "held out", *benchmarks), rows)


def _spread(score: Mapping[str, Any] | None) -> str:
    """``4.1 % ± 0.5``; without what one seed cannot tell."""
    if score is None:
        return "–"
    error = score["stderr_between_seeds"]
    return percent(score["value"]) + ("" if error is None else f" ± {100 * error:.1f}")


def _scores(folder: str, name: str) -> dict[tuple[str, str], str]:
    """(task, metric) -> score of one ``bench eval``, with its standard error over questions."""
    path = PUBLISHED / folder / "scores" / f"{name}.json"
    return {
        (score["task"], score["metric"]): (
            f"{percent(score['accuracy'])} ± {100 * score['stderr_questions']:.1f}"
        )
        for score in json.loads(path.read_text(encoding="utf-8"))["scores"]
    }
