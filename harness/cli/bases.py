"""``bench base``: the model that every arm starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from srpo_bench.harness.cli.options import DataDir
from srpo_bench.harness.errors import UserError


def base(
    out: Annotated[Path, typer.Option(help="folder for the model")],
    model: Annotated[
        str, typer.Option(help="'micro', or the folder, GGUF or hub id of a model to grow")
    ] = "micro",
    tasks: Annotated[
        str, typer.Option(help="comma-separated: their worked solutions are shown")
    ] = "",
    examples: Annotated[int | None, typer.Option(help="solutions; default: all there are")] = None,
    held_out: Annotated[
        str, typer.Option(help="comma-separated: tasks none of whose problems may be seen")
    ] = "",
    data_dir: DataDir = None,
    passes: Annotated[int, typer.Option(help="times each solution is shown")] = 1,
    batch: Annotated[int, typer.Option(help="solutions an update")] = 8,
    lr: Annotated[float, typer.Option(help="highest learning rate; falls to 0 linearly")] = 5e-5,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps")] = "auto",
    seed: Annotated[int, typer.Option(help="seed of the recipe")] = 0,
    date: Annotated[
        str | None,
        typer.Option(help="today, for a chat template that asks; default: the day it is begun"),
    ] = None,
) -> None:
    """Make the micro base anew, or grow a cold start: any model fine-tuned on worked solutions.

    Interrupted, the same command goes on where it ended. The folder is a model like any other;
    what it saw stands in its cold_start.json and leaves every pool.

    \b
    bench base --out my-micro
    bench base --model HuggingFaceTB/SmolLM2-135M-Instruct --tasks mawps --held-out svamp,gsm8k \\
        --examples 400 --out smollm2-mawps
    """
    from srpo_bench.harness.machine import refuse_unwritable
    from srpo_bench.harness.models.resolve import digest

    if out.exists():
        raise UserError(f"{out} exists; name a folder that does not.")
    refuse_unwritable(out)
    if model == "micro":
        if tasks or held_out or examples:
            raise UserError("The micro base has a recipe of its own: name a --model to grow.")
        _micro(out, seed)
    else:
        _grow(
            out,
            model=model,
            tasks=_names(tasks),
            held_out=_names(held_out),
            data_dir=data_dir,
            examples=examples,
            passes=passes,
            batch=batch,
            lr=lr,
            threads=threads,
            device=device,
            seed=seed,
            date=date,
        )
    print(f"{out}  {digest(out)}")


def _micro(out: Path, seed: int) -> None:
    from srpo_bench.harness.cli.meter import Meter
    from srpo_bench.harness.models.micro import train_base

    words = "training the micro base"
    with Meter(words) as meter:
        train_base(out, seed, progress=lambda done, of: meter.show(words, done, of))


def _grow(out: Path, **settings: Any) -> None:
    from srpo_bench.harness import layers
    from srpo_bench.harness.cli.meter import Meter
    from srpo_bench.harness.environment import settle
    from srpo_bench.harness.growing.recipe import Recipe

    if not settings["tasks"]:
        raise UserError("Name the tasks whose worked solutions are shown: --tasks mawps.")
    recipe = layers.parse(Recipe, settings, "bench base")
    settle(recipe.threads)  # before torch is imported

    from srpo_bench.harness.growing.cold_start import grow

    with Meter("reading the model and the solutions") as meter:

        def progress(done: int, of: int, loss: float) -> None:
            meter.show("learning", done, of, f"{loss:.3f} nats a token")

        try:
            grow(recipe, out, progress)
        except KeyboardInterrupt:
            print("Stopped; nothing is lost. Go on with: the same command")
            raise typer.Exit(130) from None
    from srpo_bench.harness.problems.seen import CARD
    from srpo_bench.results.store import read_json

    card = read_json(out / CARD)
    print(f"{len(card['seen']):,} problems seen; {len(card['left_out']):,} left out")
    if losses := card["loss_unseen"]:
        print(f"loss on unseen ones: {losses[0][1]:.3f} before, {losses[-1][1]:.3f} after")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
