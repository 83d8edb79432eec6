"""How sides of a paired test had been asked: whoever was asked otherwise differs by that, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FIELDS = ("step", "backend", "style", "shots", "temperature", "top_p", "max_new_tokens")
"""What shapes a response beside the model, and which of a run's it was."""
FILES = "task."
"""Begins what records call the file of a task that is a plug-in; its digest stands there."""
UNSAID = {"style": "auto", "step": None}
"""Values that do not say which it was."""

Asked = Mapping[str, tuple[Any, ...]]
"""field -> its values, over the runs of a side."""


def of_run(manifest: Mapping[str, Any], phase: str, step: int) -> Asked:
    """A run at a step; ``phase`` is the section of its settings."""
    settings = manifest.get("settings") or {}
    rollout, data, own = (settings.get(name) or {} for name in ("rollout", "data", phase))
    limit = {name: rollout[name] for name in ("max_new_tokens",) if name in rollout}
    return _known({"step": step, **limit, **data, **own}, manifest.get("contract") or {})


def of_scores(record: Mapping[str, Any], model: str) -> Asked:
    """A model of what ``bench eval`` wrote."""
    backend = {name: record[name] for name in ("backend",) if name in record}
    fields = {**backend, **(record.get("settings") or {}), **record["models"][model]}
    return _known(fields, record.get("plugins") or {})


def joined(sides: Iterable[Asked]) -> Asked:
    """Of several runs."""
    each = list(sides)
    names = [name for name in each[0] if all(name in one for one in each)] if each else []
    return {
        name: tuple(dict.fromkeys(value for one in each for value in one[name])) for name in names
    }


def differing(ours: Asked, theirs: Asked) -> list[str]:
    """Each field in which the sides differ, or a side in itself, with the values of both."""
    return [
        f"{name} {_values(ours[name])} and {_values(theirs[name])}"
        for name in ours
        if name in theirs and len({*ours[name], *theirs[name]}) > 1
    ]


def _known(fields: Mapping[str, Any], files: Mapping[str, Any]) -> Asked:
    said = (name for name in FIELDS if name in fields)
    known = {n: (fields[n],) for n in said if n not in UNSAID or fields[n] != UNSAID[n]}
    of_tasks = ((name, sha) for name, sha in files.items() if name.startswith(FILES))
    return known | {
        f"{name.removeprefix(FILES)}'s file": (str(sha)[:12],) for name, sha in of_tasks
    }


def _values(values: tuple[Any, ...]) -> str:
    return ", ".join("each task's own" if value is None else str(value) for value in values)
