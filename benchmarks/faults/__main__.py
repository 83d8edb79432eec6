"""Which faults change a record? ``python -m benchmarks.faults [--short] [--seed N] [PART ...]``.

Prints a table of fault, trials and differences while it goes on. Graders are struck in one long run
of grading, every process of a comparison in comparisons that are resumed afterwards and compared
byte for byte with an undisturbed one. Parts: sandbox, math, training, starved. All of it takes
hours; ``--short``, a few trials of each and stops of 2 s, takes minutes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.grading import math_rows, sandbox_rows
from benchmarks.faults.runs import Runs
from benchmarks.faults.table import HEAD, Row
from srpo_bench.tasks.sandbox import isolation

PARTS = ("sandbox", "math", "training", "starved")


def main() -> None:
    """Print the table; exit 1 if anything differed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="a few trials of each")
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which faults strike")
    words = parser.parse_args()
    unknown = set(words.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    os.environ.setdefault("PYTHONPATH", str(Path.cwd()))
    print(HEAD, flush=True)
    differences = 0
    for row in _rows(words.parts or PARTS, words.short, words.seed):
        print(row, flush=True)
        differences += row.differences
    raise SystemExit(1 if differences else 0)


def _rows(parts: list[str] | tuple[str, ...], short: bool, seed: int) -> Iterator[Row]:
    kills, stops, seconds, few = (2, 1, 2.0, 1) if short else (100, 3, 30.0, 10)
    if "sandbox" in parts:
        for mode in (
            ("bubblewrap", "landlock") if isolation().mode == "bubblewrap" else ("landlock",)
        ):
            yield from sandbox_rows(kills, stops, seconds, mode, seed)
    if "math" in parts:
        yield from math_rows(kills, stops, seconds, seed)
    if not {"training", "starved"} & set(parts):
        return
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        runs = Runs(Path(folder), 4 if short else 12, seed)
        if "training" in parts:
            yield from runs.kills(kills)
            yield from runs.stops(stops, seconds)
        if "starved" in parts:
            yield from runs.starved(few)
            yield runs.twice(few)
            yield runs.jumps(few)


if __name__ == "__main__":
    main()
