"""A chart that was exported from W&B as CSV: a column a run, ``RUN - KEY``, with ``__MIN`` and
``__MAX`` beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from srpo_bench.plugins import nearest
from srpo_bench.results.importers.columns import NAN
from srpo_bench.results.importers.csv_file import header_of, rows_of
from srpo_bench.results.importers.lines import TORN, Lines
from srpo_bench.results.importers.logs import agree
from srpo_bench.results.importers.record import CALLS, Notes, Record, accuracy_of, number, step_of
from srpo_bench.results.store import ResultsError

STEPS = ("Step", "_step", "step", "train/global_step", "global_step", "trainer/global_step")
OWN = ("Step", "_step")
"""What a tracker's own step is."""
BOUNDS = ("__MIN", "__MAX")

Column = tuple[int, str, str]
"""Where it stands, the run's name and the key."""


def read(
    path: Path,
    run_of: Callable[[str], tuple[str, int]],
    metrics: Sequence[str],
    scale: float,
    notes: Notes,
) -> Iterator[Record]:
    """The points of a chart, run by run in every row.

    Args:
        run_of: arm and seed of a run's name; raises ResultsError where it does not tell.
        metrics: keys, where the file has several; several are several data sets.

    Raises:
        ResultsError: names the file, and the line where it is one line's fault.
    """
    lines = Lines(path)
    rows = csv.reader(iter(lines), strict=True)
    header = header_of(rows, lines)
    if header[0] not in STEPS:
        raise ResultsError(
            f"{path} has '{header[0]}' on its x axis; export the chart over Step or the trainer's "
            "own step."
        )
    if header[0] in OWN:
        notes.doubts.append(f"{path} is over W&B's own step; {CALLS}.")
    columns = _chosen(path, _columns(path, header), metrics)
    several = len({key for _, _, key in columns}) > 1
    runs = {name: run_of(name) for _, name, _ in columns}
    _once(path, columns, runs)
    try:
        for key in dict.fromkeys(key for _, _, key in columns):
            agree(notes, key if several else "", key)
    except ValueError as error:
        raise ResultsError(f"{path}: {error}.") from error
    averaged, empty = 0, dict.fromkeys(name for _, name, _ in columns)
    for row in rows_of(rows, lines):
        if len(row) != len(header):
            if not lines.whole:
                notes.skipped[TORN] += 1
                continue
            raise lines.wrong(f"{len(row)} columns, and the header has {len(header)}")
        try:
            step = step_of(row[0])
            for at, name, key in columns:
                accuracy = accuracy_of(row[at], scale, f"'{header[at]}'")
                if accuracy is not None:
                    averaged += _averaged(header, row, at)
                    empty.pop(name, None)
                    yield Record(*runs[name], step, accuracy, lines.number, key if several else "")
                elif row[at].strip():  # an empty cell is another run's
                    notes.skipped[NAN] += 1
        except ValueError as error:
            raise lines.wrong(error) from error
    notes.doubts += [f"{path}: '{name}' has no point in it, and is left out." for name in empty]
    if averaged:
        notes.doubts.append(
            f"{path}: points that are means of several, which the chart drew as one (MIN and MAX "
            f"differ): {averaged:,}. Read the project itself, or a chart of fewer steps."
        )


def _once(path: Path, columns: list[Column], runs: Mapping[str, tuple[str, int]]) -> None:
    """Refuse two columns that would be woven into one run."""
    seen: dict[tuple[str, tuple[str, int]], str] = {}
    for _, name, key in columns:
        other, (arm, seed) = seen.get((key, runs[name])), runs[name]
        if other is not None:
            raise ResultsError(
                f"{path}: the columns of '{other}' and '{name}' are both {arm}, seed {seed}; tell "
                "them apart with --run ARM/SEED=NAME, or take one out."
            )
        seen[key, runs[name]] = name


def _columns(path: Path, header: Sequence[str]) -> list[Column]:
    columns = []
    for at, title in enumerate(header[1:], 1):
        name, dash, key = title.rpartition(" - ")
        if title.endswith(BOUNDS):
            continue
        if not dash:
            raise ResultsError(
                f"{path}: '{title}' is no 'RUN - KEY', so this is no chart exported from W&B; "
                "a table of runs is read with --from csv."
            )
        columns.append((at, name, key))
    if not columns:
        raise ResultsError(f"{path} holds no run.")
    return columns


def _chosen(path: Path, columns: list[Column], metrics: Sequence[str]) -> list[Column]:
    keys = list(dict.fromkeys(key for _, _, key in columns))
    if not metrics and len(keys) > 1:
        raise ResultsError(
            f"{path} shows {', '.join(keys)}: name the accuracy with --metric (several are several "
            "data sets)."
        )
    for wanted in metrics:
        if wanted not in keys:
            raise ResultsError(f"{path} has no metric '{wanted}'; {nearest(wanted, keys)}")
    return [column for column in columns if not metrics or column[2] in metrics]


def _averaged(header: Sequence[str], row: Sequence[str], at: int) -> bool:
    bounds = [
        number(row[header.index(header[at] + end)], end)
        for end in BOUNDS
        if header[at] + end in header
    ]
    return len(bounds) == 2 and bounds[0] != bounds[1]
