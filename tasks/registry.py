"""Tasks by name: ours, and those of installed packages (entry points ``bench.tasks``).

Nothing is imported before it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import get_args

from srpo_bench.tasks.base import Kind, Task, TaskError

GROUP = "bench.tasks"

BUILT_IN = {
    "micro-gsm8k": "srpo_bench.tasks.micro.gsm8k:MicroGsm8k",
    "micro-math": "srpo_bench.tasks.micro.math:MicroMath",
    "micro-humaneval": "srpo_bench.tasks.micro.humaneval:MicroHumanEval",
    "gsm8k": "srpo_bench.tasks.gsm8k:Gsm8k",
    "math": "srpo_bench.tasks.math:Math",
    "humaneval": "srpo_bench.tasks.humaneval:HumanEval",
    "mbpp": "srpo_bench.tasks.mbpp:Mbpp",
}
"""In the order in which they are listed."""


def task_names() -> list[str]:
    """All names ``get`` knows: built-in ones in their order, then plug-ins by name."""
    return [*BUILT_IN, *sorted(_plugins())]


@cache
def get(name: str) -> Task:
    """The task of that name, the same object each time.

    Raises:
        TaskError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    if name in BUILT_IN:
        module, cls = BUILT_IN[name].split(":")
        task: Task = getattr(importlib.import_module(module), cls)()
        return task
    plugins = _plugins()
    if name in plugins:
        return _load(_only(plugins[name]))
    names = task_names()
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}."
    raise TaskError(f"No task is called {name!r}; {hint}")


def broken() -> dict[str, str]:
    """What installed packages offer and cannot be used: name -> why, a sentence. Imports them."""
    found = {
        point.name: f"{_origin(point)} offers a task called {point.name!r}, which is a built-in "
        "one; give it another name or uninstall it."
        for point in entry_points(group=GROUP)
        if point.name in BUILT_IN
    }
    for name in sorted(_plugins()):
        try:
            get(name)
        except TaskError as error:
            found[name] = str(error)
    return found


def _plugins() -> dict[str, list[EntryPoint]]:
    """Who offers which name; a built-in name is not for others."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        if point.name not in BUILT_IN:
            found.setdefault(point.name, []).append(point)
    return found


def _only(points: list[EntryPoint]) -> EntryPoint:
    """The one that is meant; a package that is installed twice says the same twice."""
    for other in points[1:]:
        if other.value != points[0].value:
            raise TaskError(
                f"{_origin(points[0])} and {_origin(other)} both offer a task called "
                f"{other.name!r}; uninstall one of them."
            )
    return points[0]


def _load(point: EntryPoint) -> Task:
    try:
        task = point.load()()
    except (Exception, SystemExit) as error:  # a third party's code may fail in any way
        raise TaskError(
            f"{_origin(point)} offers the task {point.name!r}, but making {point.value} failed: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(task, Task):
        raise TaskError(
            f"{point.value}, from {_origin(point)}, is no subclass of srpo_bench.tasks.base.Task."
        )
    if wrong := _what_is_wrong(task):
        raise TaskError(f"{point.value}, from {_origin(point)}, {wrong}.")
    if task.name != point.name:
        raise TaskError(
            f"{point.value}, from {_origin(point)}, calls itself {task.name!r} but is entered as "
            f"{point.name!r}; the two must agree."
        )
    return task


def _what_is_wrong(task: Task) -> str:
    texts = ("name", "summary", "metric")
    missing = [field for field in texts if not isinstance(getattr(task, field, None), str)]
    if missing:
        return f"does not set {', '.join(missing)} as text"
    if getattr(task, "kind", None) not in get_args(Kind):
        return f"does not set kind to {' or '.join(get_args(Kind))}"
    if not isinstance(getattr(task, "max_new_tokens", None), int):
        return "does not set max_new_tokens to a whole number"
    return ""


def _origin(point: EntryPoint) -> str:
    return f"the package {point.dist.name!r}" if point.dist else f"the entry point {point.value}"
