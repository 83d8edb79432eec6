"""What is shown while a comparison runs: one line for the whole, then the runs that are at work.

Where there is no screen to redraw (a pipe, TERM=dumb) the same appears as plain lines.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from srpo_bench.harness.cli.eta import Pace, minutes, together
from srpo_bench.harness.cli.health import LOOK_BACK, health
from srpo_bench.harness.cli.tables import plain
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun, status
from srpo_bench.results.seal import again
from srpo_bench.results.status import GONE
from srpo_bench.results.store import last_line

PLAIN_EVERY = 15.0
"""Seconds between plain progress lines."""

REDRAW_EVERY = 1.0
"""Seconds between looks at the files, and so between redraws."""

NUMBERS = ("step", "reward", "accuracy", "left")
"""Columns that are numbers."""

RESERVED = 6
"""Lines of the screen that are not runs: title, head, the fold, the prompt below."""


@dataclass
class Seen:
    """One run as its files tell it, read on from where the last look ended."""

    run: PlannedRun
    state: str = "waiting"
    pace: Pace = field(default_factory=Pace)
    steps: list[dict[str, Any]] = field(default_factory=list)
    accuracy: float | None = None
    reason: str = ""
    _read: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        """Read what is new.

        Raises:
            UserError: a file is damaged.
        """
        now = status(self.run)
        self.state, self.reason = now.state or "waiting", now.reason
        if self.state == "waiting":
            return
        try:
            for line in self._new("timing"):
                self.pace.add(line)
            self.steps = [*self.steps, *self._new("steps")][-LOOK_BACK:]
            evaluation = last_line(self.run.folder / "evals.jsonl")
            self.accuracy = float(evaluation["accuracy"]) if evaluation else None
            _ = self.step
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.run.folder} holds a record that is damaged ({type(error).__name__}: "
                f"{error}): put its files back from a copy, or {again(self.run.folder)}."
            ) from error

    @property
    def name(self) -> str:
        """``srpo/seed-3``."""
        return self.run.name

    @property
    def step(self) -> int:
        """The last recorded step."""
        return int(self.steps[-1]["step"]) if self.steps else 0

    def _new(self, name: str) -> list[dict[str, Any]]:
        path = self.run.folder / f"{name}.jsonl"
        start = self._read.get(name, 0)
        try:
            with path.open("rb") as file:
                file.seek(max(0, start - 1))
                block = file.read()
                if start and block[:1] != b"\n":  # the run went back to a checkpoint and on again
                    self.pace, self.steps = Pace(), []
                    self._read.clear()
                    start = 0
                    file.seek(0)
                    block = file.read()
                elif start:
                    block = block[1:]
        except FileNotFoundError:
            return []
        complete = block[: block.rfind(b"\n") + 1]
        self._read[name] = start + len(complete)
        return [orjson.loads(line) for line in complete.splitlines()]


class Progress:
    """Shows how far a comparison is, when it will be done, and whether it is well."""

    def __init__(
        self,
        comparison: PlannedComparison,
        console: Console,
        side_by_side: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.comparison, self.console, self.side_by_side = comparison, console, side_by_side
        self.runs = [Seen(run) for run in comparison.runs]
        redraws = console.is_terminal and not console.is_dumb_terminal
        self.live = Live(console=console, auto_refresh=False) if redraws else None
        self._clock = clock
        self._looked = self._printed = clock()
        self._ended: set[Path] = set()
        self._drawn: list[list[str]] = []

    def __enter__(self) -> Progress:
        self._look()
        self._ended = {r.run.folder for r in self.runs if r.state == "done"}
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._look()
        if self.live:
            self.live.update(self._screen(), refresh=True)
            self.live.stop()
        else:
            self._print_ended()

    def refresh(self) -> None:
        """Redraw what changed, or print what is new."""
        now = self._clock()
        if now - self._looked < REDRAW_EVERY:
            return
        self._looked = now
        self._look()
        if self.live:
            rows = [[self.head(), *row] for row in self.rows()]
            if rows != self._drawn:
                self._drawn = rows
                self.live.update(self._screen(), refresh=True)
            return
        self._print_ended()
        if now - self._printed > PLAIN_EVERY:
            self._printed = now
            self._print(self.head())
            for seen in self.runs:
                if seen.state == "running":
                    self._print(f"  {_in_words(self._row(seen))}")

    def head(self) -> str:
        """``5 of 16 runs done, 1 failed, about 9 min left, until 21:35``."""
        done = sum(r.state == "done" for r in self.runs)
        failed = sum(r.state == "failed" for r in self.runs)
        parts = [f"{done} of {len(self.runs)} runs done"]
        if failed:
            parts.append(f"{failed} failed")
        left = self.seconds_left()
        if left:
            until = datetime.now() + timedelta(seconds=left)  # the user's own clock
            at_work = any(r.state == "running" for r in self.runs)
            parts.append(f"about {minutes(left)} left{f', until {until:%H:%M}' * at_work}")
        return ", ".join(parts)

    def rows(self) -> list[list[str]]:
        """Runs at work first, then those that failed or stopped, then an arm's finished ones."""
        at_work = [self._row(r) for r in self.runs if r.state == "running"]
        ended = [self._row(r) for r in self.runs if r.state in ("failed", "stopped")]
        rows = at_work + ended + self._folded()
        room = max(3, self.console.size.height - RESERVED)
        waiting = sum(r.state == "waiting" for r in self.runs)
        if len(rows) > room:
            rows = [*rows[: room - 1], [f"+ {len(rows) - room + 1} more", *[""] * 6]]
        if waiting:
            rows.append([f"+ {waiting} waiting", *[""] * 6])
        return rows

    def _look(self) -> None:
        for seen in self.runs:
            if seen.state != "done" or not seen.steps:  # one that failed may be gone on with
                seen.look()

    def seconds_left(self) -> float | None:
        """Each run at its own pace, one that has none yet at that of all others; None: unknown."""
        config = self.comparison.config
        everybody = Pace.pooled(r.pace for r in self.runs)
        running: list[float] = []
        waiting: list[float] = []
        for seen in self.runs:
            if seen.state not in ("running", "waiting"):
                continue
            pace = seen.pace if seen.pace.steps else everybody
            seconds = pace.seconds(config, seen.step if seen.pace.evaluations else None)
            if seconds is None:
                return None
            (running if seen.state == "running" else waiting).append(seconds)
        return together(running, waiting, self.side_by_side)

    def _folded(self) -> list[list[str]]:
        rows = []
        for arm in self.comparison.arms:
            ours = [r for r in self.runs if r.run.arm.name == arm.name]
            done = [r.accuracy for r in ours if r.state == "done" and r.accuracy is not None]
            if done:
                mean = f"{100 * sum(done) / len(done):.1f} %"
                rows.append([arm.name, f"{len(done)} of {len(ours)} done", "", "", mean, "", ""])
        return rows

    def _row(self, seen: Seen) -> list[str]:
        if seen.state == "failed":
            return [seen.name, f"failed: {seen.reason}", *[""] * 5]
        total = self.comparison.config.steps
        accuracy = f"{100 * seen.accuracy:.1f} %" if seen.accuracy is not None else "–"
        if not seen.steps:
            return [seen.name, seen.state, f"0/{total}", "–", accuracy, "", ""]
        left = ""
        if seen.state == "running":
            seconds = seen.pace.seconds(self.comparison.config, seen.step)
            left = minutes(seconds) if seconds else ""
        reward = f"{seen.steps[-1]['reward']:.3f}"
        words = health(seen.steps, self.comparison.config.rollout.prompts_per_step)
        if seen.state == "running" and seen.step == total and self.comparison.config.final.tasks:
            words = ", ".join(filter(None, [words, "scoring the trained model"]))
        return [seen.name, seen.state, f"{seen.step}/{total}", reward, accuracy, left, words]

    def _print_ended(self) -> None:
        for seen in self.runs:
            if seen.reason == GONE:  # whoever started it will say how it ended
                continue
            if seen.state in ("done", "failed", "stopped") and seen.run.folder not in self._ended:
                self._ended.add(seen.run.folder)
                self._print(_in_words(self._row(seen)))

    def _screen(self) -> Group:
        table = plain()
        for name in ("run", "state", *NUMBERS, ""):
            number = name in NUMBERS
            table.add_column(name, justify="right" if number else "left", no_wrap=name == "run")
        for row in self.rows():
            table.add_row(*map(Text, row))
        return Group(Text(str(self.comparison.folder), style="bold"), Text(self.head()), table)

    def _print(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _in_words(row: list[str]) -> str:
    """A row where no column has a head: ``srpo/seed-3 running, step 6/10, reward 0.229, …``."""
    run, state, *numbers, words = row
    named = zip(NUMBERS, numbers, strict=True)
    told = [
        f"{number} left" if name == "left" else f"{name} {number}"
        for name, number in named
        if number.strip("–")
    ]
    return ", ".join(filter(None, [f"{run} {state}", *told, words]))
