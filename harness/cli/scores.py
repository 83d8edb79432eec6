"""Scores as a person reads them."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer

from srpo_bench.harness import layers
from srpo_bench.harness.cli.meter import Meter
from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.harness.config import Config
from srpo_bench.harness.environment import make_repeatable, settle
from srpo_bench.harness.machine import cores
from srpo_bench.harness.plugins import typed
from srpo_bench.harness.scoring.own_backend import PASS_AT
from srpo_bench.harness.scoring.record import unfinished
from srpo_bench.harness.scoring.score import score_models
from srpo_bench.harness.scoring.scores import ScoreLine


def score_and_show(
    flags: dict[str, Any], seed: int, backend: str, out: Path | None, as_json: bool
) -> None:
    """What ``bench eval`` does. Flags are settings of ``Config``; they win over greedy decoding.
    What a task of the user's prints is no part of the scores."""
    defaults = {"final": {"temperature": 0.0}, "threads": cores()}
    with redirect_stdout(sys.stderr):
        flags = typed.tasks(flags)
    config = layers.parse(Config, layers.merge(defaults, flags), "the flags")
    settle(config.threads)
    make_repeatable(config.threads)
    try:
        with redirect_stdout(sys.stderr), Meter("loading") as meter:
            record = score_models(config, seed, backend, out, meter.show)
    except KeyboardInterrupt:
        earlier = unfinished(out)
        if earlier is None:
            raise
        done = len({(line["model"], line["task"]) for line in earlier["scores"]})
        of = len(earlier["models"]) * len(earlier["problems"])
        print(f"Stopped; {out} holds {done} of {of} scores. Go on with: the same command")
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        show(record)


def show(record: dict[str, Any]) -> None:
    """Print a line a metric: the score with its error over questions, and that of sampling again on
    these same problems."""
    scores = [ScoreLine(**line) for line in record["scores"]]
    several = len({line.model for line in scores}) > 1
    table = plain()
    model = ("model",) if several else ()
    right = ("n", "k", "score", "resampled")
    drawn = ("pass@k",) if any(map(_pass_at, scores)) else ()
    for column in (*model, "task", "metric", *right, *drawn, "cut off", "outcomes"):
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",  # a name that is cut off names nothing
        )
    for line in scores:
        stderr = line.stderr_questions
        error = "" if stderr is None else f" ± {100 * stderr:.1f}"
        table.add_row(
            *([line.model] if several else []),
            line.task,
            line.metric,
            str(line.n),
            str(line.k),
            f"{100 * line.accuracy:.1f}{error} %",
            "" if line.stderr is None else f"± {100 * line.stderr:.1f} %",
            *([_pass_at(line)] if drawn else []),
            "" if line.truncated is None else f"{100 * line.truncated:.0f} %",
            ", ".join(f"{name} {count}" for name, count in line.outcomes.items()),
        )
    console().print(table)
    for note in record.get("notes", []):
        print(note)


def _pass_at(line: ScoreLine) -> str:
    """Of more than one response."""
    shown = {*map(str, PASS_AT), str(line.k)} - {"1"}
    return ", ".join(f"@{k} {100 * v:.1f} %" for k, v in line.pass_at.items() if k in shown)
