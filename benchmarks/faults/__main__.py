"""Which faults change a record? ``python -m benchmarks.faults [--short] [--trials N] [PART ...]``.

Prints a table of fault, trials and differences while it goes on. Graders are struck in one long run
of grading, every process of a comparison in comparisons that are gone on with afterwards and
compared byte for byte with an undisturbed one. ``--short`` makes one or two trials of each, with
stops of two seconds instead of thirty.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults import clock, starved, training
from benchmarks.faults.comparison import Comparisons
from benchmarks.faults.grading import math_rows, sandbox_rows
from benchmarks.faults.processes import TRAINING
from benchmarks.faults.table import HEAD, Row
from srpo_bench.tasks.sandbox import isolation

GRADING = ("sandbox", "math")
PARTS = (*GRADING, *TRAINING, "stops", "memory", "disk", "clock", "twice")


def main() -> None:
    """Print the table; exit 1 if anything differed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="one or two trials of each")
    parser.add_argument("--trials", type=int, help="of each fault, in place of 100")
    parser.add_argument(
        "--minutes", type=float, help="of each kind of process; then what was done is told"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which faults strike")
    words = parser.parse_args()
    unknown = set(words.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    os.environ.setdefault("PYTHONPATH", str(Path.cwd()))
    os.environ["HF_HUB_OFFLINE"] = "1"
    print(HEAD, flush=True)
    differences = 0
    parts, trials = words.parts or PARTS, words.trials or (2 if words.short else 100)
    seconds = 60 * (words.minutes or 24 * 60)
    for row in _rows(parts, trials, seconds, words.short, words.seed):
        print(row, flush=True)
        differences += row.differences
    raise SystemExit(1 if differences else 0)


def _rows(
    parts: list[str] | tuple[str, ...], trials: int, longest: float, short: bool, seed: int
) -> Iterator[Row]:
    stops, seconds, few = (1, 2.0, 1) if short else (3, 30.0, max(trials // 20, 1))
    if "sandbox" in parts:
        protection = isolation().mode
        for mode in ("bubblewrap", "landlock") if protection == "bubblewrap" else ("landlock",):
            yield from sandbox_rows(trials, stops, seconds, mode, seed)
    if "math" in parts:
        yield from math_rows(trials, stops, seconds, seed)
    if not set(parts) - set(GRADING):
        return
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        comparisons = Comparisons(Path(folder), 1 if short else 2, seed)
        for kind in TRAINING:
            if kind in parts:
                yield training.kills(comparisons, kind, trials, longest)
        if "stops" in parts:
            yield from training.stops(comparisons, 1, seconds)
        for name, fault, count in (
            ("memory", starved.memory, few),
            ("disk", starved.disk, few),
            ("clock", clock.jumps, few),
            ("twice", training.twice, trials),
        ):
            if name in parts:
                yield fault(comparisons, count)


if __name__ == "__main__":
    main()
