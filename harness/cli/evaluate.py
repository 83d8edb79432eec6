"""eval: the command that scores models, and tests two against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srpo_bench.harness.cli.flags import nested
from srpo_bench.harness.cli.options import DataDir, Engine, readable
from srpo_bench.harness.errors import UserError


def eval_(
    records: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[A B]", help="with --paired: runs, arms, checkpoints or --out's"),
    ] = None,
    paired: Annotated[
        bool, typer.Option("--paired", help="test A against B, problem by problem")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="folder, GGUF file, hub id, or a run's folder")
    ] = None,
    tasks: Annotated[str | None, typer.Option(help="benchmarks, e.g. gsm8k,math,humaneval")] = None,
    limit: Annotated[int | None, typer.Option(help="problems of each; default: all")] = None,
    k: Annotated[int | None, typer.Option(help="responses a problem; default: 1")] = None,
    data_dir: DataDir = None,
    out: Annotated[Path | None, typer.Option(help="folder for scores and responses")] = None,
    backend: Annotated[str, typer.Option(help="own, or lm-eval's task definitions")] = "own",
    temperature: Annotated[float | None, typer.Option(help="default: 0, greedy")] = None,
    top_p: Annotated[float | None, typer.Option(help="default: 1")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="default: each task's own")] = None,
    style: Annotated[str | None, typer.Option(help="chat or base; default: by the model")] = None,
    shots: Annotated[int | None, typer.Option(help="worked examples; default: none")] = None,
    seed: Annotated[int, typer.Option(help="seed of the sampling")] = 0,
    engine: Engine = None,
    batch: Annotated[int, typer.Option(help="responses decoded together")] = 64,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: all cores")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Score a model, or every kept checkpoint of a run, on benchmarks; or test two against each
    other on the problems that both were scored on (A B --paired)."""
    if paired or records:
        _paired(records or [], paired, model or tasks, as_json)
        return
    if model is None or tasks is None:
        raise UserError("bench eval needs --model and --tasks, or A B --paired.")
    from srpo_bench.harness.cli.scores import score_and_show

    flags = nested(
        model=model,
        final_tasks=tasks,
        limit=limit,
        k=k,
        data_dir=data_dir,
        temperature=temperature,
        top_p=top_p,
        max_new_tokens=max_new_tokens,
        style=style,
        shots=shots,
        engine=engine,
        batch=batch,
        threads=threads,
        device=device,
        dtype=dtype,
    )
    score_and_show(flags, seed, backend, out, as_json)


def _paired(records: list[Path], paired: bool, other: str | None, as_json: bool) -> None:
    if not paired:
        raise UserError(
            f"{records[0]} is unexpected: name a model with --model; A B needs --paired."
        )
    if len(records) != 2 or other:
        raise UserError("--paired takes two folders of records and no --model or --tasks.")
    from srpo_bench.harness.cli.paired import show_paired

    with readable():
        show_paired(records[0], records[1], as_json)
