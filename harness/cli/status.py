"""What ``bench status`` prints: every run of a comparison, from any machine that sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.text import Text

from srpo_bench.harness.cli.live import Progress, Seen
from srpo_bench.harness.cli.options import readable
from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.results.attempts import attempts
from srpo_bench.results.seal import check_seal


def print_status(folder: Path, as_json: bool) -> None:
    """The comparison in a line, then its runs: state, step, where, which attempt, what was spent.

    Raises:
        UserError: there is no comparison that was planned here.
    """
    comparison = read_planned(folder)
    progress = Progress(comparison, console())
    with readable():
        for seen in progress.runs:
            check_seal(seen.run.folder, besides=["samples.jsonl"])
            seen.look()
        rows = [_row(seen, comparison.config.steps) for seen in progress.runs]
    if as_json:
        left = progress.seconds_left()
        summary = {
            "summary": progress.head(),
            "seconds_left": None if left is None else round(left, 1),
            "seconds": round(sum(row["seconds"] for row in rows), 1),
            "processor_seconds": round(sum(row["processor_seconds"] for row in rows), 1),
        }
        print(json.dumps(summary | {"runs": rows}, indent=2))
        return
    table = plain("run", "state", "step", "accuracy", "seconds", "attempt", "where")
    for row in rows:
        accuracy = "" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %"
        cells = (row["run"], row["state"], f"{row['step']}/{row['steps']}", accuracy)
        table.add_row(*map(Text, cells), f"{row['seconds']:.0f}", str(row["attempts"]), row["host"])
    screen = console()
    screen.print(progress.head(), highlight=False)
    screen.print(table)
    for row in rows:
        if row["reason"] and row["state"] != "done":
            screen.print(Text(f"{row['run']} {row['state']}: {row['reason']}"), soft_wrap=True)


def _row(seen: Seen, steps: int) -> dict[str, Any]:
    """processor_seconds: of training, without evaluations."""
    made = attempts(seen.run.folder)
    return {
        "run": seen.name,
        "state": seen.state,
        "reason": seen.reason,
        "step": seen.step,
        "steps": steps,
        "accuracy": seen.accuracy,
        "seconds": round(seen.pace.training + seen.pace.evaluation, 1),
        "processor_seconds": round(seen.pace.processor, 1),
        "attempts": len(made),
        "host": str(made[-1].get("host") or "") if made else "",
    }
