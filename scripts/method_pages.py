"""Writes docs/algorithms/: a page for each algorithm and sampler, from its class and the published
comparisons. Run it when a method's own words, settings or columns change, or a result is published.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.blocks import TREE, accuracy, summary
from srpo_bench.algorithms import registry

FOLDER = TREE / "docs" / "algorithms"
PUBLISHED = (
    *("answer", "tuned", "smollm2", "smollm2-cpu", "sixth-hard", "none-hard", "controls"),
    *("micro", "ladder", "unstaged", "again"),
)
"""Of results/published/, all but those of grpo alone; the earlier testbed's last."""


def pages() -> dict[str, str]:
    """File name -> text."""
    made = {
        f"{name}.md": _page(registry.get(name), "algorithm", *_sampler(name))
        for name in registry.BUILT_IN
    }
    made |= {
        f"sampler-{name}.md": _page(registry.get_sampler(name), "sampler", {}, "")
        for name in registry.SAMPLERS
    }
    return made | {"index.md": _index()}


def _index() -> str:
    lines = ["# Algorithms and samplers", ""]
    lines += ["`python scripts/method_pages.py` writes these pages from the code.", ""]
    lines += ["| algorithm | source | what it changes |", "|---|---|---|"]
    for name in registry.BUILT_IN:
        kind = registry.get(name)
        lines.append(f"| [`{name}`]({name}.md) | {kind.paper} | {_cell(kind.changes)} |")
    lines += ["", "| sampler | source | what it does |", "|---|---|---|"]
    for name in registry.SAMPLERS:
        chooser = registry.get_sampler(name)
        link = f"[`{name}`](sampler-{name}.md)"
        lines.append(f"| {link} | {chooser.paper} | {_cell(chooser.changes)} |")
    return "\n".join([*lines, ""])


def _sampler(name: str) -> tuple[Mapping[str, Any], str]:
    """What an algorithm sets otherwise of its sampler, and the sentence that names that."""
    sampler, chosen = registry.sampler_of(name, None)
    as_set = ", ".join(f"`{key}` = {value}" for key, value in chosen.items())
    sentence = f"Prompts come from [`{sampler.name}`](sampler-{sampler.name}.md)"
    return chosen, f"{sentence}{f' with {as_set}' if as_set else ''}, unless an arm names another."


def _page(kind: Any, kind_name: str, chosen: Mapping[str, Any], sampler: str) -> str:
    source = Path(inspect.getfile(kind)).resolve().relative_to(TREE)
    lines = [f"# `{kind.name}`", "", f"- Changes: {kind.changes}", f"- Source: {kind.paper}"]
    lines += [f"- Code: [{source}](../../{source})", "", inspect.cleandoc(kind.__doc__ or ""), ""]
    lines += ["```", kind.formula, "```", ""]
    if sampler:
        lines += [sampler, ""]
    lines += ["## Settings", ""]
    if kind.Settings.model_fields:
        lines += ["| setting | default | meaning | source |", "|---|---|---|---|"]
    for key, info in kind.Settings.model_fields.items():
        origin = (info.json_schema_extra or {}).get("source", "")
        default = _cell(str(info.default))
        lines.append(f"| `{key}` | {default} | {_cell(info.description or '')} | {_cell(origin)} |")
    if not kind.Settings.model_fields:
        lines.append("None.")
    if kind.unpublished:
        lines += ["", "No source gives these; they are this project's choice:", ""]
        lines += [f"- `{key}`: {why}" for key, why in kind.unpublished.items()]
    lines += ["", "## Columns it adds to each step's record", ""]
    lines += [f"- `{key}`: {meaning}" for key, meaning in kind.logs.items()] or ["None."]
    if kind_name == "algorithm":
        lines += ["", "## In the published comparisons", "", *_published(kind.name)]
    return "\n".join([*lines, ""])


def _published(name: str) -> list[str]:
    """A row an arm that ran the algorithm, whatever chose its prompts."""
    arms = [
        (folder, record, label, arm)
        for folder, record in ((folder, summary(folder)) for folder in PUBLISHED)
        for label, arm in record["arms"].items()
        if arm["algorithm"] == name and arm["states"].get("done")
    ]
    if not arms:
        return ["It took part in none."]
    head = "| comparison | arm | accuracy at the end | steps against the baseline's | runs done |"
    lines = [head, "|---|---|---|---|---|"]
    for folder, record, label, arm in arms:
        link = f"[{folder}](../../results/published/{folder}/report.md)"
        end, done = accuracy(arm["final_accuracy"]), arm["states"]["done"]
        lines.append(f"| {link} | `{label}` | {end} | {_steps(record, label)} | {done} |")
    if any(label != name for _, _, label, _ in arms):
        lines += ["", "An arm of another name has a sampler or settings of its own."]
    return lines


def _steps(record: Mapping[str, Any], label: str) -> str:
    """The ratio of steps to target with its 95 % interval."""
    if label == record["baseline"]:
        return "is the baseline"
    (pair,) = (c for c in record["comparisons"] if c["challenger"] == label)
    if not pair["axes"]:
        return "no pair is complete"
    steps = pair["axes"]["steps"]
    low, high = steps["interval"] or (None, None)
    span = "no interval" if low is None else f"{low:.2f} or more"
    span = span if high is None else f"{low:.2f} to {high:.2f}"
    bound = f", a{'n' * (side == 'upper')} {side} bound" if (side := steps.get("bound")) else ""
    missing = len(pair["open_runs"])
    left_out = f"; {missing} run{'s' * (missing != 1)} left out" if missing else ""
    return f"{steps['ratio']:.2f} ({span}){bound}{left_out}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
