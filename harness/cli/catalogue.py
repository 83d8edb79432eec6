"""What ``bench algos`` and ``bench tasks`` print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.harness.errors import as_user_error
from srpo_bench.harness.promise import Promise
from srpo_bench.tasks import registry as tasks
from srpo_bench.tasks.base import Style, TaskError


def list_algorithms() -> None:
    """A line an algorithm, then a line a sampler."""
    broken = algorithms.broken()
    table = plain("algorithm", "sampler", "source", "what it changes")
    for name in algorithms.algorithm_names():
        if name in algorithms.BUILT_IN or name not in broken:
            kind = algorithms.get(name)
            table.add_row(*map(Text, (name, kind.sampler, kind.paper, kind.changes)))
    console().print(table)
    table = plain("sampler", "source", "what it does to the order of prompts")
    for name in algorithms.sampler_names():
        if name in algorithms.SAMPLERS or name not in broken:
            chooser = algorithms.get_sampler(name)
            table.add_row(*map(Text, (name, chooser.paper, chooser.changes)))
    console().print()
    console().print(table)
    console().print(
        f"\nAn arm is [label=]algorithm[+sampler]; a sampler alone goes with "
        f"{algorithms.LOSS_OF_SAMPLERS}.",
        markup=False,
        highlight=False,
    )
    _say_broken(broken)


def show_algorithm(name: str) -> None:
    """Formula, settings with defaults and sources, and what no source gives, of an algorithm or a
    sampler."""
    from srpo_bench.harness.plugins import typed

    name = typed.arm(name)
    with as_user_error(algorithms.AlgorithmError):
        if name in algorithms.sampler_names():
            _show(algorithms.get_sampler(name), {})
            return
        kind = algorithms.get(name)
    _show(kind, {})
    console().print(f"\nIts sampler, unless an arm names another ({name}+…):\n")
    _show(*algorithms.sampler_of(name, None))


def _show(kind: Any, defaults: Mapping[str, Any]) -> None:
    """A method; ``defaults`` are where its settings differ from the class's own."""
    console().print(Text.assemble((kind.name, "bold"), f"  {kind.paper}\n{kind.changes}\n"))
    console().print(kind.formula, markup=False, highlight=False)
    if kind.Settings.model_fields:
        table = plain("setting", "default", "meaning", "source")
        for key, info in kind.Settings.model_fields.items():
            extra = info.json_schema_extra
            source = str(extra.get("source", "")) if isinstance(extra, dict) else ""
            default = defaults.get(key, info.default)
            table.add_row(*map(Text, (key, str(default), info.description or "", source)))
        console().print()
        console().print(table)
    if kind.unpublished:
        console().print("\nNo source gives these; they are this project's choice:")
        for key, why in kind.unpublished.items():
            console().print(f"  {key}: {why}", markup=False, highlight=False)


def check_arm(name: str, assigned: list[str]) -> bool:
    """A line a promise; True when all hold."""
    from srpo_bench.harness.layers import assignments
    from srpo_bench.harness.planning.arms import parse_arms
    from srpo_bench.harness.plugins import typed
    from srpo_bench.harness.running.promises import check

    name = typed.arm(name)
    settings = {name: assignments(assigned)} if assigned else {}
    (arm,) = parse_arms([name], settings)
    with Console(stderr=True).status(f"a few steps of {name} on the micro base, some disturbed"):
        promises = check(arm)
    return _say_promises(promises)


def check_task(name: str, data_dir: Path | None) -> bool:
    """A line a promise; True when all hold."""
    from srpo_bench.harness.plugins import typed
    from srpo_bench.harness.problems.known import tasks_of
    from srpo_bench.harness.problems.promises import check

    (task,) = tasks_of([typed.task(name)]).values()
    with Console(stderr=True).status(f"problems, prompts and grades of {task.name}"):
        promises = check(task, data_dir)
    return _say_promises(promises)


def _say_promises(promises: list[Promise]) -> bool:
    for promise in promises:
        line = (
            f"not so: {promise.name}: {promise.fault}." if promise.fault else f"ok: {promise.name}"
        )
        console().print(line, markup=False, highlight=False)
    return not any(promise.fault for promise in promises)


def list_tasks() -> None:
    """A line a task."""
    table = plain("name", "kind", "what it is")
    broken = tasks.broken()
    for name in tasks.task_names():
        if name in tasks.BUILT_IN or name not in broken:
            task = tasks.get(name)
            table.add_row(*map(Text, (name, task.kind, task.summary)))
    console().print(table)
    _say_broken(broken)


def _say_broken(broken: dict[str, str]) -> None:
    """What installed packages offer and cannot be used, and why."""
    if broken:
        console().print("\nInstalled, but cannot be used:")
    for name, why in broken.items():
        console().print(f"  {name}: {why}", markup=False, highlight=False)


def show_task(name: str, data_dir: Path | None, shots: int) -> None:
    """The first held-out problem in both prompt styles, with its answer."""
    from srpo_bench.harness.plugins import typed

    with as_user_error(TaskError):
        task = tasks.get(typed.task(name))
        problem = task.load("test", data_dir)[0]
        console().print(Text.assemble((task.name, "bold"), f"  {task.kind}: {task.summary}"))
        console().print(Text(f"problem {problem.id}, stop strings {list(task.stop)}"))
        styles: tuple[Style, ...] = ("base", "chat")
        for style in styles:
            console().rule(style, align="left")
            prompt = task.render(problem, style, shots)
            turns = (
                [("", prompt)]
                if isinstance(prompt, str)
                else [(f"[{turn['role']}] ", turn["content"]) for turn in prompt]
            )
            for role, text in turns:
                console().print(role + text, markup=False, highlight=False)
        console().rule("answer", align="left")
        console().print(problem.answer, markup=False, highlight=False)
