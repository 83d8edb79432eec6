"""What ``bench algos`` and ``bench tasks`` print."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness.errors import UserError
from srpo_bench.tasks import registry as tasks
from srpo_bench.tasks.base import Style, TaskError

console = Console()


def list_algorithms() -> None:
    """A line an algorithm."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "source", "what it changes"):
        table.add_column(column)
    broken = algorithms.broken()
    for name in algorithms.algorithm_names():
        if name in algorithms.BUILT_IN or name not in broken:
            kind = algorithms.get(name)
            table.add_row(name, kind.paper, kind.changes)
    console.print(table)
    _say_broken(broken)


def show_algorithm(name: str) -> None:
    """Formula, settings with defaults and sources, and what no source gives."""
    try:
        kind = algorithms.get(name)
    except algorithms.AlgorithmError as error:
        raise UserError(str(error)) from error
    console.print(f"[bold]{kind.name}[/bold]  {kind.paper}\n{kind.changes}\n")
    console.print(kind.formula, markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("setting", "default", "meaning", "source"):
        table.add_column(column)
    for key, info in kind.Settings.model_fields.items():
        extra = info.json_schema_extra
        source = str(extra.get("source", "")) if isinstance(extra, dict) else ""
        table.add_row(key, str(info.default), info.description or "", source)
    console.print()
    console.print(table)
    if kind.unpublished:
        console.print("\nNo source gives these; they are this project's choice:")
        for key, why in kind.unpublished.items():
            console.print(f"  {key}: {why}", markup=False, highlight=False)


def list_tasks() -> None:
    """A line a task."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "what it is"):
        table.add_column(column)
    broken = tasks.broken()
    for name in tasks.task_names():
        if name in tasks.BUILT_IN or name not in broken:
            task = tasks.get(name)
            table.add_row(name, task.kind, task.summary)
    console.print(table)
    _say_broken(broken)


def _say_broken(broken: dict[str, str]) -> None:
    """What installed packages offer in vain."""
    if broken:
        console.print("\nInstalled, but cannot be used:")
    for name, why in broken.items():
        console.print(f"  {name}: {why}", markup=False, highlight=False)


def show_task(name: str, data_dir: Path | None, shots: int) -> None:
    """The first held-out problem in both prompt styles, with its answer."""
    try:
        task = tasks.get(name)
        problem = task.load("test", data_dir)[0]
        console.print(f"[bold]{task.name}[/bold]  {task.kind}: {task.summary}")
        console.print(f"problem {problem.id}, stop strings {list(task.stop)}")
        styles: tuple[Style, ...] = ("base", "chat")
        for style in styles:
            console.rule(style, align="left")
            prompt = task.render(problem, style, shots)
            turns = (
                [("", prompt)]
                if isinstance(prompt, str)
                else [(f"[{turn['role']}] ", turn["content"]) for turn in prompt]
            )
            for role, text in turns:
                console.print(role + text, markup=False, highlight=False)
        console.rule("answer", align="left")
        console.print(problem.answer, markup=False, highlight=False)
    except TaskError as error:
        raise UserError(str(error)) from error
