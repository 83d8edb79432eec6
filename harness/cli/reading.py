"""The commands that read run directories and logs, and train nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from srpo_bench.harness.cli.options import Claims, Folder, Later, Vouched, command_line, readable

MOST_HEADLINES = 3
"""Challengers whose answer is printed; the others' stand in the report."""


def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="the same for programs")] = False,
) -> None:
    """How far a comparison is: its runs, where they are, what they have spent."""
    from srpo_bench.harness.cli.status import print_status

    print_status(folder, as_json)


def report(
    folder: Folder,
    watch: Annotated[
        bool, typer.Option("--watch", help="again and again, until all runs have ended")
    ] = False,
    every: Annotated[float, typer.Option(min=1, help="seconds between looks, with --watch")] = 10.0,
    vouched: Vouched = False,
    target: Later = None,
    claims_file: Claims = None,
) -> None:
    """Write the report of a comparison anew."""
    from srpo_bench.results.report import write_report
    from srpo_bench.results.report.watch import watch as keep_watch

    own, exploratory = [claims_file] if claims_file else [], target or ()
    with readable():
        try:
            if watch:
                summary = keep_watch(
                    folder, every, _say, vouched=vouched, exploratory=exploratory, claim_files=own
                )
            else:
                summary = write_report(folder, vouched, own, exploratory=exploratory)
        except KeyboardInterrupt:
            if not watch:
                raise
            print(f"Stopped watching; {folder / 'report'} is as it was last written.")
            raise typer.Exit(130) from None
    say_report(folder, summary)


def power(
    folder: Folder,
    claim: Annotated[list[str] | None, typer.Option(help="claim id, repeatable")] = None,
    claims_file: Claims = None,
    vouched: Vouched = False,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Say how many more seeds would settle a claim, by the spread measured so far."""
    from srpo_bench.harness.cli.power import print_power

    with readable():
        print_power(folder, claim or (), claims_file, as_json, vouched)


def verify(
    folder: Folder,
    claim: Annotated[list[str] | None, typer.Option(help="claim id, repeatable")] = None,
    claims_file: Claims = None,
    baseline: Annotated[str | None, typer.Option(help="arm")] = None,
    challenger: Annotated[str | None, typer.Option(help="arm")] = None,
    vouched: Vouched = False,
    target: Later = None,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Say of each claim: supported, refuted, inconclusive, or no verdict (exit code 3)."""
    from srpo_bench.harness.cli.verdicts import show_verdicts

    with readable():
        reached = show_verdicts(
            folder, claim, claims_file, baseline, challenger, vouched, as_json, target or ()
        )
    raise typer.Exit(0 if reached else 3)


def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="FILE, or ARM/SEED=FILE")],
    from_: Annotated[
        str,
        typer.Option("--from", help="csv, jsonl, trl, verl, openrlhf, tensorboard, wandb, trackio"),
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
    on_repeat: Annotated[
        str | None, typer.Option(help="first or last: which value of a repeated evaluation counts")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="what a step is: 'rollout batch' or update")
    ] = None,
    updates_per_step: Annotated[
        int | None, typer.Option(help="updates a rollout batch; turns updates into batches")
    ] = None,
    updates_of: Annotated[
        list[str] | None, typer.Option(help="ARM=N, where an arm makes others; repeatable")
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="ARM/SEED=NAME of a tracked run, repeatable")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="arm; default: the one named grpo")] = None,
    vouched: Vouched = False,
) -> None:
    """Read other trainers' logs into run directories; what they do not prove stays unknown."""
    from srpo_bench.harness.cli.importing import import_and_show

    import_and_show(
        format=from_,
        files=files,
        out=out,
        command=command_line(),
        mapped=map_ or (),
        metrics=metric or (),
        arm=arm,
        seed=seed,
        scale=scale,
        skip_empty=skip_empty,
        on_repeat=on_repeat,
        unit=unit,
        updates_per_step=updates_per_step,
        updates_of=updates_of or (),
        runs=run or (),
        baseline=baseline,
        vouched=vouched,
    )


def claims(
    show: Annotated[
        list[str] | None,
        typer.Argument(metavar="[show ID]", help="one claim in full, its published numbers too"),
    ] = None,
    claims_file: Claims = None,
) -> None:
    """List the claims that can be verified, who made them and where; or show one of them."""
    from srpo_bench.harness.cli.verdicts import show_claim, show_claims

    if show is not None and (len(show) != 2 or show[0] != "show"):
        raise typer.BadParameter("say `bench claims`, or `bench claims show ID`")
    with readable():
        if show is None:
            show_claims(claims_file)
        else:
            show_claim(show[1], claims_file)


def say_report(folder: Path, summary: dict[str, Any]) -> None:
    """The report's own first words, and where it is."""
    from srpo_bench.harness.cli.tables import console

    screen = console()
    for headline in summary["headlines"][:MOST_HEADLINES]:
        title, sentence = headline["title"], headline["sentence"]
        text = sentence if sentence.startswith(title) else f"{title}. {sentence}"
        screen.print(text, highlight=False, markup=False)
    if (more := len(summary["headlines"]) - MOST_HEADLINES) > 0:
        screen.print(f"{more} more challengers are in the report.", highlight=False)
    page = (folder / "report" / "index.html").resolve().as_uri()  # which quotes brackets
    screen.print(f"Report: {page}", highlight=False, soft_wrap=True)


def _say(line: str) -> None:
    print(line, flush=True)  # somebody may be reading a pipe
