"""The live table of a comparison: a line a run. Plain lines where there is no terminal."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun, state
from srpo_bench.results.store import last_line, read_json

PLAIN_EVERY = 15.0
"""Seconds between plain progress lines."""


class Progress:
    """Shows how far each run is, reading nothing but the tails of its files."""

    def __init__(self, comparison: PlannedComparison, console: Console) -> None:
        self.comparison, self.console = comparison, console
        self.live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._began: dict[Path, tuple[float, int]] = {}
        self._said = time.monotonic()
        self._ended: set[Path] = set()

    def __enter__(self) -> Progress:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.update(self._table(), refresh=True)
            self.live.stop()

    def refresh(self) -> None:
        """Redraw, or print what is new."""
        if self.live:
            self.live.update(self._table(), refresh=True)
            return
        for run in self.comparison.runs:
            now = state(run)
            if now in ("done", "failed", "stopped") and run.folder not in self._ended:
                self._ended.add(run.folder)
                self.console.print(" ".join(self._row(run)), highlight=False)
        if time.monotonic() - self._said > PLAIN_EVERY:
            self._said = time.monotonic()
            for run in self.comparison.runs:
                if state(run) == "running":
                    self.console.print(" ".join(self._row(run)), highlight=False)

    def _table(self) -> Table:
        table = Table(title=str(self.comparison.folder))
        for name in ("run", "state", "step", "reward", "accuracy", "length", "left"):
            table.add_column(name, justify="left" if name in ("run", "state") else "right")
        for run in self.comparison.runs:
            table.add_row(*self._row(run))
        return table

    def _row(self, run: PlannedRun) -> list[str]:
        name = f"{run.arm.name}/seed-{run.seed}"
        now = state(run)
        step, evaluation = (
            last_line(run.folder / "steps.jsonl"),
            last_line(run.folder / "evals.jsonl"),
        )
        if now == "failed":
            reason = str(read_json(run.folder / "status.json")["reason"])
            return [name, f"failed: {reason}", *[""] * 5]
        steps = self.comparison.config.steps
        accuracy = f"{100 * evaluation['accuracy']:.1f} %" if evaluation else "–"
        if not step:
            return [name, now, f"0/{steps}", "–", accuracy, "–", ""]
        left = self._left(run.folder, step["step"]) if now == "running" else ""
        return [
            name,
            now,
            f"{step['step']}/{steps}",
            f"{step['reward']:.3f}",
            accuracy,
            f"{step['length']:.1f}",
            left,
        ]

    def _left(self, folder: Path, step: int) -> str:
        began, first = self._began.setdefault(folder, (time.monotonic(), step))
        if step == first:
            return ""
        seconds = (time.monotonic() - began) / (step - first)
        rest = int(seconds * (self.comparison.config.steps - step))
        return f"{rest // 60}:{rest % 60:02d}"
