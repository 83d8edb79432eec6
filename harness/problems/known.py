"""Tasks by the names that somebody has asked for: where an unknown one is refused."""

from __future__ import annotations

from collections.abc import Iterable

from srpo_bench.harness.errors import as_user_error
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Task, TaskError


def tasks_of(names: Iterable[str]) -> dict[str, Task]:
    """Each by its name.

    Raises:
        UserError: a name is unknown, or belongs to a plug-in that cannot be used.
    """
    with as_user_error(TaskError):
        return {name: registry.get(name) for name in names}
