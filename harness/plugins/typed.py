"""Files among what was typed: each becomes the name of what it brings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srpo_bench import files
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.plugins import trust
from srpo_bench.harness.plugins.entered import FilePlugin, Kind, enter

LISTS = (("data", "tasks"), ("evaluation", "tasks"), ("final", "tasks"))
"""Settings that list tasks."""


def arm(text: str) -> str:
    """``fast=mine.py:Winners+npr`` as ``fast=winners+npr``."""
    label, sign, rest = text.rpartition("=")
    if ".py" not in rest:
        return text
    return (
        label + sign + "+".join(_name(part, ("algorithm", "sampler")) for part in rest.split("+"))
    )


def task(text: str) -> str:
    """``mine.py:Sums`` or ``mytask.yaml`` as the task's name."""
    if text.endswith((".yaml", ".yml")):
        return _enter(text, "").name
    return _name(text, ("task",))


def tasks(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, with the files in lists of tasks by their names."""
    out = dict(values)
    for section, key in LISTS:
        given = out.get(section)
        listed = given.get(key) if isinstance(given, Mapping) else None
        if isinstance(listed, list | tuple):
            out[section] = {**out[section], key: [task(str(name)) for name in listed]}
    return out


def reward(text: str) -> str:
    """``mine.py:brevity`` as the name of a reward's field."""
    reference = files.REFERENCE.fullmatch(text)
    if reference is None:
        raise UserError(f"--reward takes FILE.py:function, not '{text}'.")
    return _enter(reference["path"], reference["attribute"], reward=True).name


def _name(text: str, wanted: tuple[Kind, ...]) -> str:
    reference = files.REFERENCE.fullmatch(text)
    if reference is None:
        if text.endswith(".py"):
            raise UserError(f"'{text}' names a file; say which of its classes: {text}:NAME.")
        return text
    plugin = _enter(reference["path"], reference["attribute"])
    if plugin.kind not in wanted:
        raise UserError(f"'{text}' is a {plugin.kind}, where {' or '.join(wanted)} is wanted.")
    return plugin.name


def _enter(path: str, attribute: str, reward: bool = False) -> FilePlugin:
    """Whoever types a file's name has named it."""
    plugin = enter(Path(path), attribute, reward)
    trust.name(plugin.sha256)
    return plugin
