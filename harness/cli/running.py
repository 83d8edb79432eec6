"""Planning, running and reporting, as compare and resume share them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer

from srpo_bench.harness.cli.eta import minutes, together
from srpo_bench.harness.cli.options import command_line, planning, readable
from srpo_bench.harness.cli.reading import say_report
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors.choose import Options, make_executor
from srpo_bench.results.text import number

if TYPE_CHECKING:
    from srpo_bench.harness.config import Arm, Config
    from srpo_bench.harness.executors.price import Price
    from srpo_bench.harness.planning.comparison import PlannedComparison


def plan_comparison(
    folder: Path,
    config: Config,
    arms: list[Arm],
    tuning: dict[str, Any] | None,
    options: Options,
    checked: Sequence[Mapping[str, Any]] = (),
    *,
    dry: bool = False,
) -> PlannedComparison:
    """Plan it, on this machine or where its runs will be; ``dry``: nothing is written."""
    with planning():
        from srpo_bench.harness.executors import base, elsewhere
        from srpo_bench.harness.planning.plan import plan

        if options.name == "local":
            return plan(folder, config, arms, command_line(), tuning, checked, dry=dry)
        place: Any = make_executor(folder, base.need_before_planning(config), options)
        try:
            return elsewhere.plan_there(
                place, folder, config, arms, command_line(), tuning, checked, dry=dry
            )
        finally:
            place.close()


def reopen_comparison(
    folder: Path, options: Options, named: Sequence[Path] = ()
) -> PlannedComparison:
    """Reopen it, on this machine or where its runs will be. named: files of it that are trusted."""
    from srpo_bench.harness.executors import base, elsewhere
    from srpo_bench.harness.planning.plan import reopen
    from srpo_bench.harness.planning.reading import read_planned
    from srpo_bench.harness.plugins import trust

    trust.require(read_planned(folder).plugins, folder, named)
    with planning():
        if options.name == "local":
            return reopen(folder)
        place: Any = make_executor(folder, base.need_of(read_planned(folder)), options)
        try:
            return elsewhere.reopen_there(place, folder)
        finally:
            place.close()


def run_and_report(comparison: PlannedComparison, options: Options) -> None:
    """Train what is pending, report, and say how it went."""
    from srpo_bench.harness.planning.comparison import state
    from srpo_bench.results.report import write_report

    train_pending(comparison, options, f"bench resume {quote(str(comparison.folder))}")
    with readable():
        summary = write_report(comparison.folder)
    say_report(comparison.folder, summary)
    states = {run.name: state(run) for run in comparison.runs}
    failed = [name for name, how in states.items() if how == "failed"]
    left = [name for name, how in states.items() if how not in ("done", "failed")]
    if failed:
        print(f"{len(failed)} of {len(states)} runs failed: {', '.join(failed)}.", file=sys.stderr)
    if left:  # somebody wrote a stop file
        print(
            f"{len(left)} of {len(states)} runs were stopped: {', '.join(left)}. "
            f"Go on with: bench resume {quote(str(comparison.folder))}",
            file=sys.stderr,
        )
    if failed or left:
        raise typer.Exit(1 if failed else 130)


def train_pending(comparison: PlannedComparison, options: Options, again: str) -> None:
    """Train what is pending, with its progress."""
    from rich.console import Console

    from srpo_bench.harness.cli.live import Progress
    from srpo_bench.harness.executors.base import need_of
    from srpo_bench.harness.executors.run import run_all

    executor = make_executor(comparison.folder, need_of(comparison), options)
    print(opening(comparison, executor.side_by_side))
    for note in comparison.notes:
        print(f"Note: {note}")
    try:
        with Progress(comparison, Console(), executor.side_by_side) as progress:
            run_all(comparison, executor, progress.refresh)
    except KeyboardInterrupt:
        print(f"Stopped; nothing is lost. Go on with: {again}")
        raise typer.Exit(130) from None
    finally:
        executor.close()  # also where another command is at work, and nothing was begun


def opening(comparison: PlannedComparison, side_by_side: int) -> str:
    """``16 runs of 64 steps on 72 prompts each: grpo, srpo, seeds 1-8, 2 side by side; …``."""
    from srpo_bench.harness.executors.room import checkpoint_bytes, kept

    config, runs = comparison.config, comparison.runs
    arms = ", ".join(arm.name for arm in comparison.arms)
    beside = min(len(runs), side_by_side)
    size = checkpoint_bytes(comparison) * kept(config) * len(runs)
    return (
        f"{len(runs)} run{'s' * (len(runs) > 1)} of {_length(config)}: {arms}, "
        f"{_seeds_in_words(config.seeds)}, {beside} side by side; "
        f"checkpoints of about {size / 1e6:,.0f} MB in {comparison.folder}"
    )


def _length(config: Config) -> str:
    """A preset's pool is the testbed's, also where the tasks are somebody's own: it is said."""
    pool = config.data.pool_size
    return f"{config.steps} steps" + (f" on {pool:,} prompts each" if pool else "")


def _seeds_in_words(seeds: tuple[int, ...]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]}-{seeds[-1]}"
    return f"{len(seeds)} seeds"


def print_price(folder: Path, config: Config, arms: list[Arm], options: Options) -> None:
    """The plan and what it will cost. For Slurm the batch file is written, to be read."""
    from srpo_bench.harness.executors.base import need_before_planning, need_of
    from srpo_bench.harness.executors.price import PROBE_STEPS, by_finished, probe, whose
    from srpo_bench.harness.planning.comparison import PlannedComparison

    # what is refused is, now
    notes = plan_comparison(folder, config, arms, None, options, dry=True).notes
    price = by_finished(folder, config, arms)
    if price is None:
        print(
            f"{PROBE_STEPS} steps and two evaluations of {whose(arms)} are run to see what they "
            "cost, in a folder that is thrown away; Ctrl-C ends them.",
            file=sys.stderr,
        )
        price = probe(
            config,
            arms,
            None if options.name == "local" else _shared(folder),
            lambda at, short, first: plan_comparison(at, short, first, None, options),
            lambda planned: make_executor(planned.folder, need_of(planned), options),
        )
    executor: Any = make_executor(folder, need_before_planning(config), options)
    with closing(executor):
        beside = max(1, min(price.runs, executor.side_by_side))
        for line in price_lines(folder, config, arms, price, beside):
            print(line)
        for note in notes:
            print(f"Note: {note}")
        if options.name == "slurm":
            runs = PlannedComparison(folder, config, arms, Path()).runs
            batch = executor.write_batch(runs, folder.with_name(f"{folder.name}-dry-run"))
            print(f"Slurm would be given {batch}; nothing else was written.")
        else:
            print("Nothing was written.")


def price_lines(
    folder: Path, config: Config, arms: Sequence[Arm], price: Price, beside: int
) -> Iterator[str]:
    """What is printed of a price, ``beside`` runs side by side."""
    from srpo_bench.harness.executors.room import free_bytes

    names = ", ".join(arm.name for arm in arms)
    of = "" if price.has is None else f", of {number(price.has / 2**30)} GiB there"
    planned = len(arms) * len(config.seeds)
    runs = f"{price.runs}{f' of {planned}' if price.runs < planned else ''}"
    yield f"runs     {runs}: {names}, {_seeds_in_words(config.seeds)}, {_length(config)}"
    if not price.runs:
        yield f"all      done in {folder}; the command writes the report anew"
        return
    yield f"one run  about {minutes(price.seconds)}, {price.by}"
    left = minutes(together([], [price.seconds] * price.runs, beside))
    yield f"all      {number(price.hours, 2)} device hours; about {left} with {beside} side by side"
    yield f"tokens   {number(price.tokens / 1e6)} million generated in training, at today's lengths"
    yield f"disk     {price.disk / 1e6:,.0f} MB in {folder}"
    if price.disk > (free := free_bytes(folder)):
        yield f"That does not fit: {free / 1e6:,.0f} MB are free there."
    yield (
        f"memory   {number(price.memory / 2**30, 2)} GiB a run for weights and optimiser{of}; "
        "activations come on top"
    )
    if price.has is not None and price.memory > price.has:
        yield "That does not fit: a run will end for want of memory."
    if config.final.tasks and not price.final:
        yield "The final scoring is not in it."


def _shared(folder: Path) -> Path:
    """Where the probe's folder may lie: beside the comparison's, which all nodes see."""
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write to {folder.parent}: {error.strerror}.") from error
    return folder.absolute().parent
