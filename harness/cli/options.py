"""Options that several commands share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from srpo_bench.harness.errors import as_user_error

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="a comparison's folder")]
Tasks = Annotated[str | None, typer.Option(help="tasks to train on")]
Model = Annotated[str | None, typer.Option(help="folder, GGUF file or hub id")]
DataDir = Annotated[Path | None, typer.Option(help="local benchmark files")]
Steps = Annotated[int | None, typer.Option(help="training steps a run")]
Engine = Annotated[str | None, typer.Option(help="what samples: torch, vllm or vllm-server")]
Preset = Annotated[
    str | None, typer.Option(help="see bench presets; default: micro, or real with --model")
]
Set = Annotated[list[str] | None, typer.Option("--set", help="path=value, repeatable")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="runs side by side; default: what the cores hold")
]
ExecutorName = Annotated[
    str, typer.Option("--executor", help="where runs are run: local, ray or slurm")
]
RayAddress = Annotated[
    str | None, typer.Option(help="a Ray cluster that is up: auto or HOST:PORT; default: our own")
]
SlurmOptions = Annotated[
    list[str] | None,
    typer.Option("--slurm", help="option of sbatch, e.g. --partition=gpu; repeatable"),
]
SlurmTemplate = Annotated[Path | None, typer.Option(help="your own batch file")]
MirrorAddress = Annotated[
    str | None,
    typer.Option(
        "--mirror",
        help="keep a copy at an address of fsspec, e.g. s3://bucket/name; pulled from "
        "there where the folder is gone",
    ),
]
Vouched = Annotated[
    bool, typer.Option("--vouch-matched", help="you vouch that the runs are matched")
]
Claims = Annotated[Path | None, typer.Option("--claims", help="your own claims")]
Later = Annotated[
    list[float] | None,
    typer.Option(help="another accuracy to reach, repeatable; exploratory, it decides nothing"),
]


def command_line() -> str:
    """What was typed."""
    return shlex.join(["bench", *sys.argv[1:]])


@contextmanager
def planning() -> Iterator[None]:
    """A word on the screen while a plan is made: it opens the model and reads the problems."""
    from rich.console import Console

    with Console(stderr=True).status("planning: the model, the problems, this machine"):
        yield


def readable() -> AbstractContextManager[None]:
    """Turns the results room's complaints about a folder into the user's error."""
    return as_user_error(ValueError, FileNotFoundError)
