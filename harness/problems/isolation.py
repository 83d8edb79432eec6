"""Model output is run safely, its tasks are left out, or they are refused: the rule, once."""

from __future__ import annotations

from collections.abc import Iterable

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.problems.known import tasks_of
from srpo_bench.tasks.base import Task


def without_unsafe(config: Config) -> tuple[Config, list[str]]:
    """Leave out tasks that run model output where no acceptable isolation exists."""
    from srpo_bench.tasks.sandbox import isolation

    code = {name for name, task in tasks_of(config.all_tasks).items() if task.executes_code}
    if not code or isolation().usable:
        return config, []
    train = tuple(t for t in config.data.tasks if t not in code)
    scored = tuple(t for t in config.evaluation_tasks if t not in code)
    final = tuple(t for t in config.final.tasks if t not in code)
    if not train or not scored:
        raise UserError(
            f"{', '.join(sorted(code))} runs model output, and {isolation().why} "
            "Install bubblewrap, or choose other tasks."
        )
    note = f"Left out, because model output cannot be run safely here: {', '.join(sorted(code))}. "
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"tasks": train}),
            "evaluation": config.evaluation.model_copy(update={"tasks": scored}),
            "final": config.final.model_copy(update={"tasks": final}),
        }
    )
    return config, [note + isolation().why]


def mode_for(tasks: Iterable[Task]) -> str:
    """How the output of these tasks is run: the sandbox's mode, or that nothing is run."""
    if not any(task.executes_code for task in tasks):
        return "not needed"
    from srpo_bench.tasks.sandbox import isolation

    return isolation().mode


def require_isolation(code_tasks: list[str]) -> None:
    """Refuse tasks that run model output where nothing isolates it."""
    if code_tasks:
        from srpo_bench.tasks.sandbox import isolation

        if not isolation().usable:
            raise UserError(f"{', '.join(code_tasks)} runs model output, and {isolation().why}")
