"""compare, tune and resume: the commands that train."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srpo_bench.harness.cli.flags import arm_names, by_arm, nested
from srpo_bench.harness.cli.options import (
    DataDir,
    Engine,
    Folder,
    Model,
    Preset,
    Set,
    Steps,
    Tasks,
    Workers,
    command_line,
    planning,
    readable,
)
from srpo_bench.harness.cli.reading import say_report
from srpo_bench.harness.errors import UserError

if TYPE_CHECKING:
    from srpo_bench.harness.planning.comparison import PlannedComparison


def compare(
    algos: Annotated[
        str | None, typer.Option(help="arms, e.g. grpo,srpo, dapo+dps or again=grpo")
    ] = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="grpo to srpo one idea at a time, and the controls")
    ] = False,
    tasks: Tasks = None,
    eval_tasks: Annotated[str | None, typer.Option(help="tasks to score; default: --tasks")] = None,
    final_tasks: Annotated[
        str | None, typer.Option(help="benchmarks to score after the last step")
    ] = None,
    model: Model = None,
    data_dir: DataDir = None,
    seeds: Annotated[str | None, typer.Option(help="how many (default 8), or 5,7-9")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="one seed, by its number")] = None,
    steps: Steps = None,
    target: Annotated[
        list[float] | None,
        typer.Option(help="accuracy to reach, e.g. 0.8, repeatable; default: from the baseline"),
    ] = None,
    engine: Engine = None,
    preset: Preset = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings")] = None,
    set_: Set = None,
    tuned: Annotated[Path | None, typer.Option(help="settings that bench tune found")] = None,
    out: Annotated[Path | None, typer.Option(help="where to; default runs/<arms>-<preset>")] = None,
    workers: Workers = None,
) -> None:
    """Train every algorithm on the same problems with the same seeds, and report.

    bench compare --algos grpo,srpo

    bench compare --algos grpo,dapo --model PATH --tasks gsm8k --data-dir DATA --seeds 8

    bench compare --algos fast=grpo,grpo --set fast.beta=0.04 --set optim.lr=1e-5
    """
    if seed is not None and seeds is not None:
        raise UserError("--seed names one seed and --seeds several; leave one out.")
    from srpo_bench.harness import config as cfg
    from srpo_bench.harness import layers
    from srpo_bench.harness.planning.arms import parse_arms
    from srpo_bench.harness.planning.plan import plan
    from srpo_bench.harness.tuning.apply import read_tuned, settings_of, used

    flags = nested(
        tasks=tasks,
        eval_tasks=eval_tasks,
        final_tasks=final_tasks,
        model=model,
        data_dir=data_dir,
        seeds=seeds if seed is None else f"{seed}-{seed}",
        steps=steps,
        target=target or None,
        engine=engine,
    )
    file = layers.read_yaml(config) if config else {}
    name = preset or str(file.pop("preset", "")) or ("real" if "model" in flags | file else "micro")
    listed = file.pop("algos", None)
    names = arm_names(listed if algos is None else algos, ladder)
    chosen = by_arm(layers.assignments(set_ or []), names)
    found = read_tuned(tuned) if tuned else None
    better = settings_of(found) if found else {}
    values = layers.merge(layers.read_preset(name), better, file, flags, chosen)
    arms = parse_arms(names, values.pop("algorithms", {}))
    settings = layers.parse(cfg.Config, values, "the settings")
    title = "ladder" if ladder else "-".join(arm.name for arm in arms)
    folder = out or Path("runs") / f"{title}-{name}"
    tuning = used(found, settings, arms) if found else None
    with planning():
        comparison = plan(folder, settings, arms, command_line(), tuning)
    print(opening(comparison, workers))
    _run(comparison, workers)


def tune(
    algo: Annotated[list[str], typer.Option(help="methods, repeatable or grpo,srpo")],
    param: Annotated[list[str], typer.Option(help="optim.lr=1e-4,2e-4 or grpo.beta=0,0.04")],
    out: Annotated[Path, typer.Option(help="folder; run again to finish what is missing")],
    seeds: Annotated[
        str | None, typer.Option(help="default: 101-104, which no report uses")
    ] = None,
    tasks: Tasks = None,
    model: Model = None,
    data_dir: DataDir = None,
    steps: Steps = None,
    preset: Preset = None,
    set_: Set = None,
    workers: Workers = None,
) -> None:
    """Try a grid of settings with the same budget for every method; the best go to --tuned."""
    from srpo_bench.harness import layers
    from srpo_bench.harness.tuning.search import SEEDS, grid, order, read_params
    from srpo_bench.harness.tuning.search import tune as tune_all

    names = order([name for listed in algo for name in listed.split(",")])
    candidates = grid(names, read_params(param))
    flags = nested(tasks=tasks, model=model, data_dir=data_dir, seeds=seeds, steps=steps)
    chosen = by_arm(layers.assignments(set_ or []), names)
    values = layers.merge(layers.read_preset(preset or "micro"), {"seeds": SEEDS}, flags, chosen)

    def train(comparison: PlannedComparison, which: str) -> None:
        print(which)
        _train(comparison, workers, "the same command")

    record = tune_all(out, values, candidates, command_line(), train)
    _say_tuned(record, out)


def resume(folder: Folder, workers: Workers = None) -> None:
    """Finish what is missing of a comparison, from its last checkpoints."""
    from srpo_bench.harness.planning.plan import reopen

    with planning():
        comparison = reopen(folder)
    _run(comparison, workers)


def _run(comparison: PlannedComparison, workers: int | None) -> None:
    """Train what is pending, report, and say how it went."""
    from srpo_bench.harness.planning.comparison import state
    from srpo_bench.results.report import write_report

    _train(comparison, workers, f"bench resume {comparison.folder}")
    with readable():
        summary = write_report(comparison.folder)
    say_report(comparison.folder, summary)
    failed = [run for run in comparison.runs if state(run) != "done"]
    if failed:
        names = ", ".join(f"{run.arm.name}/seed-{run.seed}" for run in failed)
        print(f"{len(failed)} of {len(comparison.runs)} runs failed: {names}.", file=sys.stderr)
        raise typer.Exit(1)


def _train(comparison: PlannedComparison, workers: int | None, again: str) -> None:
    """Train what is pending, with its progress."""
    from rich.console import Console

    from srpo_bench.harness.cli.live import Progress
    from srpo_bench.harness.executors.local import InterruptedRunsError, run_all, side_by_side

    try:
        with Progress(comparison, Console(), workers or side_by_side(comparison)) as progress:
            run_all(comparison, workers, progress.refresh)
    except InterruptedRunsError:
        print(f"Stopped; nothing is lost. Go on with: {again}")
        raise typer.Exit(130) from None


def _say_tuned(record: Mapping[str, Any], folder: Path) -> None:
    """Print every candidate's score, and what to do with the best."""
    for c in record["candidates"]:
        mean = "a run failed" if c["mean"] is None else f"{100 * c['mean']:.1f} %"
        tried = ", ".join(f"{path}={value}" for path, value in c["values"].items())
        print(f"{c['algorithm']} with {tried}: {mean}{'  <- chosen' if c['chosen'] else ''}")
    print(f"Use it with: bench compare --tuned {folder}")


def opening(comparison: PlannedComparison, workers: int | None) -> str:
    """``16 runs of 64 steps: grpo, srpo, seeds 1-8, 2 side by side; about 220 MB in runs/…``."""
    from srpo_bench.harness.executors.local import side_by_side

    config, runs = comparison.config, comparison.runs
    arms = ", ".join(arm.name for arm in comparison.arms)
    beside = min(len(runs), workers or side_by_side(comparison))
    size = _checkpoint_bytes(comparison.base) * config.keep_checkpoints * len(runs)
    return (
        f"{len(runs)} run{'s' * (len(runs) > 1)} of {config.steps} steps: {arms}, "
        f"{_seeds_in_words(config.seeds)}, {beside} side by side; "
        f"checkpoints of about {size / 1e6:,.0f} MB in {comparison.folder}"
    )


def _checkpoint_bytes(base: Path) -> int:
    """Weights and the optimiser's two moments, in float32, as a checkpoint has them."""
    from safetensors import safe_open

    parameters = 0
    for path in base.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            shapes = (file.get_slice(name).get_shape() for name in file.keys())  # noqa: SIM118
            parameters += sum(math.prod(shape) for shape in shapes)
    return 3 * 4 * parameters


def _seeds_in_words(seeds: tuple[int, ...]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]}-{seeds[-1]}"
    return f"{len(seeds)} seeds"
