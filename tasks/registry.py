"""Tasks by name: ours, and those of installed packages (entry points ``bench.tasks``).

Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from inspect import isclass
from pathlib import Path
from typing import Any, get_args

from srpo_bench import files
from srpo_bench.plugins import Registry
from srpo_bench.tasks.base import Kind, Task, TaskError

BUILT_IN = {
    "micro-gsm8k": "srpo_bench.tasks.micro.gsm8k:MicroGsm8k",
    "micro-math": "srpo_bench.tasks.micro.math:MicroMath",
    "micro-math-easy": "srpo_bench.tasks.micro.math:MicroMathEasy",
    "micro-math-hard": "srpo_bench.tasks.micro.math:MicroMathHard",
    "micro-humaneval": "srpo_bench.tasks.micro.humaneval:MicroHumanEval",
    "gsm8k": "srpo_bench.tasks.gsm8k:Gsm8k",
    "math": "srpo_bench.tasks.math:Math",
    "mawps": "srpo_bench.tasks.mawps:Mawps",
    "mawps-short": "srpo_bench.tasks.mawps:MawpsShort",
    "svamp": "srpo_bench.tasks.svamp:Svamp",
    "humaneval": "srpo_bench.tasks.humaneval:HumanEval",
    "mbpp": "srpo_bench.tasks.mbpp:Mbpp",
}
"""In the order in which they are listed."""


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _fault(task: Any, name: str) -> str:
    if not isinstance(task, Task):
        return "is no subclass of srpo_bench.tasks.base.Task"
    texts = ("name", "summary", "metric")
    missing = [field for field in texts if not isinstance(getattr(task, field, None), str)]
    if missing:
        return f"does not set {', '.join(missing)} as text"
    if getattr(task, "kind", None) not in get_args(Kind):
        return f"does not set kind to {' or '.join(get_args(Kind))}"
    if not isinstance(getattr(task, "max_new_tokens", None), int):
        return "does not set max_new_tokens to a whole number"
    if task.name != name:
        return f"calls itself {task.name!r} but is entered as {name!r}; the two must agree"
    return ""


def is_task(path: Path, attribute: str) -> bool:
    """Whether a Python file's attribute is a task's class.

    Raises:
        TaskError: the file cannot be read or imported.
    """
    loaded = files.load(path, attribute, TaskError)
    return isclass(loaded) and issubclass(loaded, Task)


def grader_file(path: Path) -> str:
    """The Python file, beside it, in which a YAML task's grader stands; empty where it has none.

    Raises:
        TaskError: the YAML cannot be used.
    """
    file: str = importlib.import_module("srpo_bench.tasks.described").grader_file(path)
    return file


def enter(path: Path, attribute: str = "", home: Path | None = None) -> str:
    """Make a file's task known, and return its name: a class of a Python file, or a YAML file that
    describes one, whose data are looked for from ``home``.

    Raises:
        TaskError: the file cannot be used.
    """
    if attribute:
        kind, where = files.load(path, attribute, TaskError), f"{path}:{attribute}"
    else:
        described = importlib.import_module("srpo_bench.tasks.described")
        kind, where = described.read(path, home or path.parent), str(path)
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise TaskError(f"{where} has no name of letters, digits, '.', '_' and '-'.")
    get.cache_clear()
    TASKS.enter(kind, name, where)
    return name


TASKS = Registry("task", "bench.tasks", BUILT_IN, _fault, TaskError, make=lambda kind: kind())


def task_names() -> list[str]:
    """All names ``get`` knows: built-in ones in their order, then plug-ins by name."""
    return TASKS.names()


@cache
def get(name: str) -> Task:
    """The task of that name, the same object each time.

    Raises:
        TaskError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    task: Task = TASKS.get(name)
    return task


def broken() -> dict[str, str]:
    """What installed packages offer and cannot be used: name -> why, a sentence. Imports them."""
    return TASKS.broken()
