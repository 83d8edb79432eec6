"""``bench``: what a person types. Heavy imports happen inside the commands that need them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from srpo_bench import __version__
from srpo_bench.harness.cli import STOPPED, bases, evaluate, reading, training
from srpo_bench.harness.cli.flags import refuse_undecoded
from srpo_bench.harness.cli.interrupt import Interruptible
from srpo_bench.harness.cli.options import DataDir
from srpo_bench.harness.errors import sentence

app = typer.Typer(
    name="bench",
    cls=Interruptible,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
algos_app = typer.Typer(
    help="The algorithms and samplers: list them, or show one.", invoke_without_command=True
)
tasks_app = typer.Typer(help="The tasks: list them, or show one.", invoke_without_command=True)
app.add_typer(algos_app, name="algos")
app.add_typer(tasks_app, name="tasks")

app.command()(training.compare)
app.command()(training.tune)
app.command()(training.resume)
app.command()(reading.status)
app.command()(reading.report)
app.command()(reading.verify)
app.command()(reading.power)
app.command()(reading.claims)
app.command("import")(reading.import_)
app.command("eval")(evaluate.eval_)
app.command()(bases.base)

WrongUsage: type[Exception] = typer.BadParameter.__mro__[2]
"""Any complaint about how a command was typed; typer has no name of its own for it."""


def main() -> None:
    """The command that was typed. An error is a line on stderr and exit code 1; the user's: 2."""
    try:
        refuse_undecoded(sys.argv[1:])
        sys.exit(app(prog_name="bench", standalone_mode=False))
    except typer.Abort:  # before the command had begun
        print(STOPPED, file=sys.stderr)
        sys.exit(130)
    except WrongUsage as error:
        print(_usage(error), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # whoever read us has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if (end := sentence(error)) is None:
            raise
        print(f"bench: {end[0]}", file=sys.stderr)
        sys.exit(end[1])


def _usage(error: Exception) -> str:
    """One line for what typer would draw a box around; the help, where nothing was typed."""
    message = str(error.format_message())  # type: ignore[attr-defined]
    context: Any = getattr(error, "ctx", None)
    if context is None or "\n" in message.strip():
        return message  # a group without a command answers with its help
    ended = message if message.endswith("?") else f"{message.rstrip('.')}."
    return f"bench: {ended} See {context.command_path} --help."


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"srpo-bench {__version__}")
        raise typer.Exit


@app.callback()
def bench(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="say which")
    ] = False,
) -> None:
    """Matched comparisons of RL post-training methods, and verdicts on what is claimed."""


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="what was found, as JSON")] = False,
) -> None:
    """Say what can run on this machine and what would mend the rest; exit 1 where nothing can."""
    from srpo_bench.harness.cli.doctor import examine

    raise typer.Exit(0 if examine(as_json) else 1)


@app.command()
def config(
    preset: Annotated[str, typer.Option(help="see bench presets")] = "micro",
) -> None:
    """Print every setting with what it means, as YAML that --config reads."""
    from srpo_bench.harness.cli.settings import print_config

    print_config(preset)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="algorithm, sampler or task")],
    name: Annotated[str, typer.Argument(help="e.g. winners or hard-first")],
    into: Annotated[Path, typer.Option(help="folder that gets the folder NAME")] = Path(),
) -> None:
    """Write the two files of a plug-in of your own, to change and to compare."""
    from srpo_bench.harness.cli.new import write

    write(kind, name, into)


@app.command()
def presets() -> None:
    """List the presets: a place to start from each."""
    from srpo_bench.harness.cli.settings import print_presets

    print_presets()


@algos_app.callback()
def algos(context: typer.Context) -> None:
    """List the algorithms and the samplers."""
    if context.invoked_subcommand is None:
        from srpo_bench.harness.cli.catalogue import list_algorithms

        list_algorithms()


@algos_app.command("show")
def algos_show(name: str) -> None:
    """Settings, defaults, formula and source of an algorithm or a sampler."""
    from srpo_bench.harness.cli.catalogue import show_algorithm

    show_algorithm(name)


@algos_app.command("check")
def algos_check(
    name: Annotated[str, typer.Argument(help="arm, e.g. dapo+dps, my-method or mine.py:Winners")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="setting=value, repeatable")
    ] = None,
) -> None:
    """Try what a method promises: state saved, no global randomness, a loss that adds up."""
    from srpo_bench.harness.cli.catalogue import check_arm

    raise typer.Exit(0 if check_arm(name, set_ or []) else 1)


@tasks_app.callback()
def tasks(context: typer.Context) -> None:
    """List the tasks."""
    if context.invoked_subcommand is None:
        from srpo_bench.harness.cli.catalogue import list_tasks

        list_tasks()


@tasks_app.command("show")
def tasks_show(
    name: str,
    data_dir: DataDir = None,
    shots: Annotated[int, typer.Option(min=0, help="worked examples")] = 0,
) -> None:
    """A problem of the task, as a base model and as a chat model are asked it."""
    from srpo_bench.harness.cli.catalogue import show_task

    show_task(name, data_dir, shots)


@tasks_app.command("check")
def tasks_check(
    name: Annotated[str, typer.Argument(help="task, FILE.py:Class or FILE.yaml")],
    data_dir: DataDir = None,
) -> None:
    """Try what a task promises: splits that stay apart, prompts, a grader that bears anything."""
    from srpo_bench.harness.cli.catalogue import check_task

    raise typer.Exit(0 if check_task(name, data_dir) else 1)
