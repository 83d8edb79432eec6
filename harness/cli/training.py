"""compare, tune and resume: the commands that train."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srpo_bench.harness.cli.flags import arm_names, by_arm, nested
from srpo_bench.harness.cli.options import (
    DataDir,
    Engine,
    ExecutorName,
    Folder,
    MirrorAddress,
    Model,
    Preset,
    RayAddress,
    Set,
    SlurmOptions,
    SlurmTemplate,
    Steps,
    Tasks,
    Workers,
    command_line,
    planning,
)
from srpo_bench.harness.cli.running import (
    plan_comparison,
    print_price,
    reopen_comparison,
    run_and_report,
    train_pending,
)
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.choose import Options

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
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    slurm: SlurmOptions = None,
    slurm_template: SlurmTemplate = None,
    mirror: MirrorAddress = None,
    reward: Annotated[
        list[str] | None,
        typer.Option(help="FILE.py:function that adds a reward's field, repeatable"),
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="do not try a plug-in's promises first")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check everything, name the price, write nothing")
    ] = False,
) -> None:
    """Train every algorithm on the same problems with the same seeds, and report.

    bench compare --algos grpo,srpo

    bench compare --algos grpo,dapo --model PATH --tasks gsm8k --data-dir DATA --seeds 8

    bench compare --algos fast=grpo,grpo --set fast.beta=0.04 --set optim.lr=1e-5

    bench compare --algos grpo-token,mine.py:Winners --tasks mytask.yaml --reward mine.py:brevity
    """
    if seed is not None and seeds is not None:
        raise UserError("--seed names one seed and --seeds several; leave one out.")
    options = Options(executor, workers, ray_address, tuple(slurm or ()), slurm_template)
    with planning():
        from srpo_bench.harness import config as cfg
        from srpo_bench.harness import layers
        from srpo_bench.harness.cli.promises import keep_promises
        from srpo_bench.harness.planning.arms import parse_arms
        from srpo_bench.harness.plugins import typed
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
    filed, listed = file.pop("preset", None), file.pop("algos", None)
    names = [typed.arm(arm) for arm in arm_names(listed if algos is None else algos, ladder)]
    rewards = {"reward": {typed.reward(name): 1.0 for name in reward or []}}
    chosen = by_arm(layers.assignments(set_ or []), names)
    said = layers.merge(flags, chosen)
    name = preset or str(filed or "") or _fitting(layers.merge(file, said))
    record = read_tuned(tuned) if tuned else None
    better = settings_of(record) if record else {}
    values = layers.stack(layers.read_preset(name), better, rewards, file, said)
    values = typed.tasks(values)
    arms = parse_arms(names, values.pop("algorithms", None) or {})
    settings = layers.parse(cfg.Config, values, "the settings")
    title = "ladder" if ladder else "-".join(arm.name for arm in arms)
    folder = out or Path("runs") / f"{title}-{name}"
    tuning = used(record, settings, arms) if record else None
    if dry_run:
        print_price(folder, settings, arms, options)
        return
    checked = keep_promises(folder, settings, arms, unchecked)
    from srpo_bench.harness.cli.mirroring import fetch, keep_copy

    fetch(folder, mirror)
    comparison = plan_comparison(folder, settings, arms, tuning, options, checked)
    keep_copy(folder, mirror)
    run_and_report(comparison, options)


def _fitting(given: Mapping[str, Any]) -> str:
    """The preset where none is named: the embedded testbed's is of no use to another model."""
    model = given.get("model")
    path = model.get("path", "micro") if isinstance(model, Mapping) else "micro"
    return "micro" if path == "micro" else "real"


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
    """Try a grid of settings, no fewer of the baseline than of others; the best go to --tuned."""
    from srpo_bench.harness import layers
    from srpo_bench.harness.plugins import typed
    from srpo_bench.harness.tuning.grid import grid, order, read_params
    from srpo_bench.harness.tuning.search import SEEDS
    from srpo_bench.harness.tuning.search import tune as tune_all

    names = order([typed.arm(name) for listed in algo for name in listed.split(",")])
    candidates = grid(names, read_params(param))
    flags = nested(tasks=tasks, model=model, data_dir=data_dir, seeds=seeds, steps=steps)
    chosen = by_arm(layers.assignments(set_ or []), names)
    said = layers.merge(flags, chosen)
    below = layers.read_preset(preset or _fitting(said))
    values = layers.stack(below, {"seeds": SEEDS}, said)
    values = typed.tasks(values)

    def train(comparison: PlannedComparison, heading: str) -> None:
        print(heading)
        train_pending(comparison, Options(workers=workers), "the same command")

    record = tune_all(out, values, candidates, command_line(), train)
    _say_tuned(record, out)


def resume(
    folder: Folder,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    slurm: SlurmOptions = None,
    slurm_template: SlurmTemplate = None,
    mirror: MirrorAddress = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(help="a file of the comparison that you trust, where none was named here"),
    ] = None,
) -> None:
    """Finish what is missing of a comparison, from its last checkpoints, here or elsewhere."""
    options = Options(executor, workers, ray_address, tuple(slurm or ()), slurm_template)
    from srpo_bench.harness.cli.mirroring import fetch, keep_copy

    fetch(folder, mirror)
    comparison = reopen_comparison(folder, options, plugin or [])
    keep_copy(folder, mirror)
    run_and_report(comparison, options)


def _say_tuned(record: Mapping[str, Any], folder: Path) -> None:
    """Print every candidate's score, and what to do with the best."""
    for c in record["candidates"]:
        mean = "a run failed" if c["mean"] is None else f"{100 * c['mean']:.1f} %"
        tried = ", ".join(f"{path}={value}" for path, value in c["values"].items())
        print(f"{c['algorithm']} with {tried}: {mean}{'  <- chosen' if c['chosen'] else ''}")
    print(f"Use it with: bench compare --tuned {quote(str(folder))}")
