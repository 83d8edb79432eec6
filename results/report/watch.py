"""Keeps a report up to date while its runs are under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from srpo_bench.results.progress import Progress
from srpo_bench.results.report import write_report
from srpo_bench.results.store import run_dirs

EVERY = 10.0
"""Seconds between looks at the files."""

Stamp = dict[Path, tuple[int, int]]

READ = ("manifest", "status", "steps", "evals", "timing", "samples", "final")
"""A run's files that a report is made of, by stem."""


def watch(
    comparison_dir: Path,
    every: float = EVERY,
    tell: Callable[[str], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
    vouched: bool = False,
    exploratory: Sequence[float] = (),
    claim_files: Sequence[Path] = (),
) -> dict[str, Any]:
    """Write the report, and again whenever files have changed, until every run has ended.

    Args:
        comparison_dir: planned; no run need have started.
        every: seconds between looks, and after which an unfinished page loads itself anew.
        tell: told how many runs are done whenever that has changed.
        wait: sleeps for some seconds.
        vouched: the user vouches that the runs are matched.
        exploratory: accuracies to reach that are named now; shown as exploratory.
        claim_files: the user's own claims, tested beside the shipped ones.

    Returns:
        The summary of the last report, which no longer reloads.
    """
    seen: Stamp | None = None
    last = ""
    while True:
        stamp = _stamp(comparison_dir)
        if stamp != seen:
            seen = stamp
            summary = write_report(comparison_dir, vouched, claim_files, every, exploratory)
            progress = Progress(summary["progress"])
            if progress.sentence != last:
                tell(last := progress.sentence)
            if progress.over:
                return summary
        wait(every)


def _stamp(comparison_dir: Path) -> Stamp:
    """Size and time of change (ns) of every file that a report is made of."""
    files = [p for run in run_dirs(comparison_dir) for p in run.iterdir() if p.stem in READ]
    files += comparison_dir.glob("comparison.json")
    stats = {path: path.stat() for path in files}
    return {path: (s.st_size, s.st_mtime_ns) for path, s in stats.items()}
