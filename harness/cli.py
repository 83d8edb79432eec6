"""``bench``: what a person types. Heavy imports happen inside the commands that need them."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.flags import arm_names, by_arm, nested

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Matched comparisons of RL post-training methods, and verdicts on what is claimed.",
)
algos_app = typer.Typer(help="The algorithms: list them, or show one.", invoke_without_command=True)
tasks_app = typer.Typer(help="The tasks: list them, or show one.", invoke_without_command=True)
app.add_typer(algos_app, name="algos")
app.add_typer(tasks_app, name="tasks")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="a comparison's folder")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="runs side by side; default: what the cores hold")
]
VouchMatched = Annotated[
    bool, typer.Option("--vouch-matched", help="you vouch that the runs are matched")
]
Later = Annotated[
    list[float] | None,
    typer.Option(help="another accuracy to reach, repeatable; exploratory, it decides nothing"),
]

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EACCES)
"""Errors of a disk that takes no more; what was written before is whole."""


def main() -> None:
    """Entry point: the user's errors are one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = f" {error.filename}" if error.filename else ""
        print(f"bench: Cannot write{where}: {error.strerror}.", file=sys.stderr)
        sys.exit(2)


@app.command()
def compare(
    algos: Annotated[str | None, typer.Option(help="arms, e.g. grpo,srpo or again=grpo")] = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="grpo to srpo one idea at a time, and the controls")
    ] = False,
    tasks: Annotated[str | None, typer.Option(help="tasks to train on")] = None,
    eval_tasks: Annotated[str | None, typer.Option(help="tasks to score; default: --tasks")] = None,
    final_tasks: Annotated[
        str | None, typer.Option(help="benchmarks to score after the last step")
    ] = None,
    model: Annotated[str | None, typer.Option(help="folder, GGUF file or hub id")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="local benchmark files")] = None,
    seeds: Annotated[str | None, typer.Option(help="how many, or a list such as 11,12,13")] = None,
    steps: Annotated[int | None, typer.Option(help="training steps a run")] = None,
    target: Annotated[
        list[float] | None,
        typer.Option(help="accuracy to reach, e.g. 0.8, repeatable; default: from the baseline"),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="what samples: torch, vllm or vllm-server")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="micro, smoke or real")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="path=value, repeatable")] = None,
    tuned: Annotated[Path | None, typer.Option(help="settings that bench tune found")] = None,
    out: Annotated[Path | None, typer.Option(help="where to; default runs/<arms>-<preset>")] = None,
    workers: Workers = None,
) -> None:
    """Train every algorithm on the same problems with the same seeds, and report."""
    from srpo_bench.harness import config as cfg
    from srpo_bench.harness.plan import parse_arms, plan
    from srpo_bench.harness.tuned import read_tuned, settings_of, used

    flags = nested(
        tasks=tasks,
        eval_tasks=eval_tasks,
        final_tasks=final_tasks,
        model=model,
        data_dir=data_dir,
        seeds=seeds,
        steps=steps,
        target=target or None,
        engine=engine,
    )
    file = cfg.read_yaml(config) if config else {}
    name = preset or str(file.pop("preset", "")) or ("real" if "model" in flags | file else "micro")
    listed = file.pop("algos", None)
    names = arm_names(algos or listed, ladder)
    chosen = by_arm(cfg.assignments(set_ or []), names)
    found = read_tuned(tuned) if tuned else None
    better = settings_of(found) if found else {}
    values = cfg.merge(cfg.read_preset(name), better, file, flags, chosen)
    arms = parse_arms(names, values.pop("algorithms", {}))
    settings = cfg.parse(cfg.Config, values, "the settings")
    title = "ladder" if ladder else "-".join(arm.name for arm in arms)
    folder = out or Path("runs") / f"{title}-{name}"
    tuning = used(found, settings, arms) if found else None
    comparison = plan(folder, settings, arms, _command_line(), tuning)
    _run(comparison, workers)


@app.command()
def tune(
    algo: Annotated[list[str], typer.Option(help="methods, repeatable or grpo,srpo")],
    param: Annotated[list[str], typer.Option(help="optim.lr=1e-4,2e-4 or grpo.beta=0,0.04")],
    out: Annotated[Path, typer.Option(help="folder; run again to finish what is missing")],
    seeds: Annotated[str, typer.Option(help="seeds no report uses")] = "101-104",
    tasks: Annotated[str | None, typer.Option(help="tasks to train on")] = None,
    model: Annotated[str | None, typer.Option(help="folder, GGUF file or hub id")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="local benchmark files")] = None,
    steps: Annotated[int | None, typer.Option(help="training steps a run")] = None,
    preset: Annotated[str, typer.Option(help="micro, smoke or real")] = "micro",
    set_: Annotated[list[str] | None, typer.Option("--set", help="path=value, repeatable")] = None,
    workers: Workers = None,
) -> None:
    """Try a grid of settings with the same budget for every method; the best go to --tuned."""
    from srpo_bench.harness import config as cfg
    from srpo_bench.harness.tune import grid, order, read_params, say
    from srpo_bench.harness.tune import tune as tune_all

    names = order([name for listed in algo for name in listed.split(",")])
    candidates = grid(names, read_params(param))
    flags = nested(tasks=tasks, model=model, data_dir=data_dir, seeds=seeds, steps=steps)
    chosen = by_arm(cfg.assignments(set_ or []), names)
    values = cfg.merge(cfg.read_preset(preset), flags, chosen)

    def train(comparison: Any, which: str) -> None:
        print(which)
        _train(comparison, workers, "the same command")

    record = tune_all(out, values, candidates, _command_line(), train)
    say(record, out)


@app.command()
def resume(folder: Folder, workers: Workers = None) -> None:
    """Finish what is missing of a comparison, from its last checkpoints."""
    from srpo_bench.harness.plan import reopen

    _run(reopen(folder), workers)


@app.command()
def report(
    folder: Folder,
    watch: Annotated[
        bool, typer.Option("--watch", help="again and again, until all runs have ended")
    ] = False,
    every: Annotated[float, typer.Option(min=1, help="seconds between looks, with --watch")] = 10.0,
    vouch_matched: VouchMatched = False,
    target: Later = None,
) -> None:
    """Write the report of a comparison anew."""
    from srpo_bench.results.report import write_report
    from srpo_bench.results.report.watch import watch as keep_watch

    with _no_comparison():
        try:
            if watch:
                summary = keep_watch(folder, every, _say, vouched=vouch_matched, asked=target or ())
            else:
                summary = write_report(folder, vouch_matched, asked=target or ())
        except KeyboardInterrupt:
            print(f"Stopped watching; {folder / 'report'} is as it was last written.")
            raise typer.Exit(130) from None
    _say_report(folder, summary)


@app.command()
def verify(
    folder: Folder,
    claim: Annotated[list[str] | None, typer.Option(help="claim id, repeatable")] = None,
    claims_file: Annotated[Path | None, typer.Option("--claims", help="your own claims")] = None,
    baseline: Annotated[str | None, typer.Option(help="arm")] = None,
    challenger: Annotated[str | None, typer.Option(help="arm")] = None,
    vouch_matched: VouchMatched = False,
    target: Later = None,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Say of each claim: supported, refuted, inconclusive, or no verdict (exit code 3)."""
    from srpo_bench.harness.verdicts import show_verdicts

    with _no_comparison():
        reached = show_verdicts(
            folder, claim, claims_file, baseline, challenger, vouch_matched, as_json, target or ()
        )
    raise typer.Exit(0 if reached else 3)


@app.command("import")
def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="FILE, or ARM/SEED=FILE")],
    from_: Annotated[
        str, typer.Option("--from", help="csv, jsonl, trl, verl, openrlhf or tensorboard")
    ],
    out: Annotated[Path, typer.Option(help="folder of the comparison that comes of it")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="NAME=COLUMN, e.g. accuracy=val/acc")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="key of a log that is the accuracy, repeatable")
    ] = None,
    arm: Annotated[str | None, typer.Option(help="arm of all that is in the files")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of all that is in the file")] = None,
    scale: Annotated[float, typer.Option(help="factor on the accuracy: 0.01 for percent")] = 1.0,
    skip_empty: Annotated[
        bool, typer.Option("--skip-empty", help="rows without an accuracy are training steps")
    ] = False,
    baseline: Annotated[str | None, typer.Option(help="arm; default: the one named grpo")] = None,
    vouch_matched: VouchMatched = False,
) -> None:
    """Read other trainers' logs into run directories; what they do not prove stays unknown."""
    from srpo_bench.harness.importing import import_and_show

    import_and_show(
        format=from_,
        files=files,
        out=out,
        command=_command_line(),
        mapped=map_ or (),
        metrics=metric or (),
        arm=arm,
        seed=seed,
        scale=scale,
        skip_empty=skip_empty,
        baseline=baseline,
        vouched=vouch_matched,
    )


@app.command("eval")
def eval_(
    model: Annotated[str, typer.Option(help="folder, GGUF file, hub id, or a run's folder")],
    tasks: Annotated[str, typer.Option(help="benchmarks, e.g. gsm8k,math,humaneval")],
    limit: Annotated[int | None, typer.Option(help="problems of each; default: all")] = None,
    k: Annotated[int | None, typer.Option(help="responses a problem; default: 1")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="local benchmark files")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for scores and responses")] = None,
    backend: Annotated[str, typer.Option(help="own, or lm-eval's task definitions")] = "own",
    temperature: Annotated[float | None, typer.Option(help="default: 0, greedy")] = None,
    top_p: Annotated[float | None, typer.Option(help="default: 1")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="default: each task's own")] = None,
    style: Annotated[str | None, typer.Option(help="chat or base; default: by the model")] = None,
    shots: Annotated[int | None, typer.Option(help="worked examples; default: none")] = None,
    seed: Annotated[int, typer.Option(help="seed of the sampling")] = 0,
    engine: Annotated[str | None, typer.Option(help="torch, vllm or vllm-server")] = None,
    batch: Annotated[int, typer.Option(help="responses decoded together")] = 64,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: all cores")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Score a model, or every kept checkpoint of a run, on benchmarks."""
    from srpo_bench.harness.scoring import score_and_show

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


@app.command()
def claims(
    claims_file: Annotated[Path | None, typer.Option("--claims", help="your own claims")] = None,
) -> None:
    """List the claims that can be verified, who made them and where."""
    from srpo_bench.harness.verdicts import show_claims

    show_claims(claims_file)


@app.command()
def base(
    out: Annotated[Path, typer.Option(help="folder for the model")],
    seed: Annotated[int, typer.Option(help="seed of the recipe")] = 0,
) -> None:
    """Make the micro base model anew, by the recipe and seed that made the shipped one."""
    from rich.progress import Progress

    from srpo_bench.harness.base_model import train_base
    from srpo_bench.harness.policy import digest

    if out.exists():
        raise UserError(f"{out} exists; name a folder that does not.")
    with Progress(transient=True) as bar:
        task = bar.add_task("training the micro base")
        train_base(out, seed, progress=lambda done, of: bar.update(task, completed=done, total=of))
    print(f"{out}  {digest(out)}")


@app.command()
def doctor() -> None:
    """Say what this machine can do: isolation for model code, devices, packages, local files."""
    from srpo_bench.harness.doctor import examine

    examine()


@algos_app.callback()
def algos(context: typer.Context) -> None:
    """List the algorithms."""
    if context.invoked_subcommand is None:
        from srpo_bench.harness.catalogue import list_algorithms

        list_algorithms()


@algos_app.command("show")
def algos_show(name: str) -> None:
    """Settings, defaults, formula and source of one algorithm."""
    from srpo_bench.harness.catalogue import show_algorithm

    show_algorithm(name)


@tasks_app.callback()
def tasks(context: typer.Context) -> None:
    """List the tasks."""
    if context.invoked_subcommand is None:
        from srpo_bench.harness.catalogue import list_tasks

        list_tasks()


@tasks_app.command("show")
def tasks_show(
    name: str,
    data_dir: Annotated[Path | None, typer.Option(help="local benchmark files")] = None,
    shots: Annotated[int, typer.Option(min=0, help="worked examples")] = 0,
) -> None:
    """A problem of the task, as a base model and as a chat model are asked it."""
    from srpo_bench.harness.catalogue import show_task

    show_task(name, data_dir, shots)


def _run(comparison: Any, workers: int | None) -> None:
    """Train what is pending, report, and say how it went."""
    from srpo_bench.harness.compare import state
    from srpo_bench.results.report import write_report

    _train(comparison, workers, f"bench resume {comparison.folder}")
    with _no_comparison():
        summary = write_report(comparison.folder)
    _say_report(comparison.folder, summary)
    failed = [job for job in comparison.jobs if state(job) != "done"]
    if failed:
        names = ", ".join(f"{job.arm.name}/seed-{job.seed}" for job in failed)
        print(f"{len(failed)} of {len(comparison.jobs)} runs failed: {names}.", file=sys.stderr)
        raise typer.Exit(1)


def _train(comparison: Any, workers: int | None, again: str) -> None:
    """Train what is pending, with its progress."""
    from rich.console import Console

    from srpo_bench.harness.compare import InterruptedRunsError, run_all
    from srpo_bench.harness.live import Progress

    try:
        with Progress(comparison, Console()) as progress:
            run_all(comparison, workers, progress.refresh)
    except InterruptedRunsError:
        print(f"Stopped; nothing is lost. Go on with: {again}")
        raise typer.Exit(130) from None


def _say_report(folder: Path, summary: dict[str, Any]) -> None:
    for verdict in summary["claims"]:
        if verdict["verdict"] != "no-verdict" or verdict["id"] == "steps-90":
            arm = f"{verdict['challenger']}, " if len(summary["comparisons"]) > 1 else ""
            print(f"{arm}{verdict['label']}: {verdict['verdict']}. {verdict['reason']}")
    print(f"Report: {folder / 'report' / 'index.html'}")


def _say(line: str) -> None:
    print(line, flush=True)  # somebody may be reading a pipe


def _command_line() -> str:
    return shlex.join(["bench", *sys.argv[1:]])


@contextmanager
def _no_comparison() -> Iterator[None]:
    """Turn the results room's complaints about a folder into the user's error."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error
