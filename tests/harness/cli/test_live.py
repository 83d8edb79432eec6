"""The progress of a comparison on screens of all kinds, from files as runs write them."""

from __future__ import annotations

import io
from datetime import datetime, tzinfo
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from srpo_bench.harness.cli import live
from srpo_bench.harness.cli.live import PLAIN_EVERY, REDRAW_EVERY, Progress
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.comparison import PlannedComparison
from srpo_bench.results.status import GONE
from srpo_bench.results.store import append_line, write_json

SEEDS = 12


@pytest.fixture
def comparison(tmp_path: Path) -> PlannedComparison:
    config = Config.model_validate({"steps": 10, "seeds": SEEDS, "evaluation": {"every": 5}})
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    planned = PlannedComparison(tmp_path, config, arms, tmp_path)
    for run in planned.runs:
        run.folder.mkdir(parents=True)
    return planned


def write(comparison: PlannedComparison, arm: str, seed: int, state: str, steps: int) -> None:
    """A run after so many steps: one second each, an evaluation of ten at the start."""
    folder = comparison.folder / arm / f"seed-{seed}"
    write_json(folder / "status.json", {"state": state, "step": steps, "steps": 10, "reason": "x!"})
    for step in range(steps + 1):
        scored = step % 5 == 0
        seconds = {"training": 1.0 if step else 0.0, "evaluation": 10.0 if scored else 0.0}
        append_line(folder / "timing.jsonl", {"step": step, **seconds})
        if step:
            line = {"step": step, "reward": 0.5, "grad_norm": 1.0, "truncated": 0.0}
            append_line(folder / "steps.jsonl", {**line, "pool_size": 24})
        if scored:
            append_line(folder / "evals.jsonl", {"step": step, "accuracy": 0.25})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def plain() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=100), out


def test_running_runs_stand_on_a_small_screen_and_finished_ones_are_folded(
    comparison: PlannedComparison,
) -> None:
    for seed in range(1, 9):
        for arm in ("grpo", "srpo"):
            write(comparison, arm, seed, "done", 10)
    write(comparison, "grpo", 9, "running", 4)
    write(comparison, "srpo", 9, "running", 2)
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True)
    with Progress(comparison, console, side_by_side=2) as progress:
        first, second, *rest = progress.rows()
    assert (first[0], first[2]) == ("grpo/seed-9", "4/10")
    assert (second[0], second[2]) == ("srpo/seed-9", "2/10")
    assert [row[:2] for row in rest] == [
        ["grpo", "8 of 12 done"], ["srpo", "8 of 12 done"], ["+ 6 waiting", ""]
    ]  # fmt: skip
    assert rest[0][4] == "25.0 %"
    assert {len(row) for row in progress.rows()} == {7}


def test_more_running_runs_than_lines_are_counted(comparison: PlannedComparison) -> None:
    for seed in range(1, SEEDS + 1):
        for arm in ("grpo", "srpo"):
            write(comparison, arm, seed, "running", 1)
    console = Console(file=io.StringIO(), width=80, height=12, force_terminal=True)
    with Progress(comparison, console) as progress:
        rows = progress.rows()
    assert len(rows) == 6
    assert rows[-1] == ["+ 19 more", *[""] * 6]


def test_the_head_counts_and_foretells(comparison: PlannedComparison) -> None:
    console, _ = plain()
    with Progress(comparison, console, side_by_side=2) as progress:
        assert progress.head() == "0 of 24 runs done"
    for seed in range(1, SEEDS + 1):
        for arm in ("grpo", "srpo"):
            write(comparison, arm, seed, "done" if seed < 12 else "running", 10 if seed < 12 else 5)
    with Progress(comparison, console, side_by_side=2) as progress:
        # two runs side by side, each with 5 steps of 1 s and one evaluation of 10 s before it
        assert progress.head().startswith("22 of 24 runs done, about 15 s left, until ")


def test_a_failed_run_says_why_once(comparison: PlannedComparison) -> None:
    console, out = plain()
    clock = Clock()
    with Progress(comparison, console, clock=clock) as progress:
        write(comparison, "srpo", 3, "failed", 2)
        for _ in range(3):
            clock.now += REDRAW_EVERY
            progress.refresh()
        write(comparison, "grpo", 3, "failed", 2)  # between the last look and the end
    assert out.getvalue() == "srpo/seed-3 failed: x!\ngrpo/seed-3 failed: x!\n"


def test_a_failed_run_that_is_gone_on_with_is_followed(comparison: PlannedComparison) -> None:
    """bench resume opens the display before it has said of the run that it waits."""
    console, out = plain()
    clock = Clock()
    write(comparison, "srpo", 3, "failed", 2)
    status = comparison.folder / "srpo" / "seed-3" / "status.json"
    with Progress(comparison, console, clock=clock) as progress:
        for state in ("running", "done"):
            write_json(status, {"state": state, "step": 2, "steps": 10, "reason": ""})
            clock.now += REDRAW_EVERY
            progress.refresh()
            assert [row[:2] for row in progress.rows()[:1]] == [
                ["srpo/seed-3", "running"] if state == "running" else ["srpo", "1 of 12 done"]
            ]
        assert progress.head() == "1 of 24 runs done, about 15 min left"
    assert "failed" not in out.getvalue()


@pytest.mark.parametrize("kind", ["pipe", "dumb"])
def test_without_a_screen_there_are_plain_lines(
    comparison: PlannedComparison, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setenv("TERM", "dumb")
    console = Console(file=out, width=100, force_terminal=kind == "dumb")
    clock = Clock()
    with Progress(comparison, console, clock=clock) as progress:
        write(comparison, "grpo", 1, "running", 3)
        clock.now += PLAIN_EVERY + 1
        progress.refresh()
    assert "0 of 24 runs done" in out.getvalue()
    assert "grpo/seed-1 running, step 3/10, reward 0.500, accuracy 25.0 %" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_nothing_is_drawn_where_nothing_changed(comparison: PlannedComparison) -> None:
    write(comparison, "grpo", 1, "running", 1)
    out = io.StringIO()
    clock = Clock()
    console = Console(file=out, width=80, height=24, force_terminal=True)
    with Progress(comparison, console, clock=clock) as progress:
        clock.now += REDRAW_EVERY
        progress.refresh()
        drawn = len(out.getvalue())
        for _ in range(20):
            clock.now += REDRAW_EVERY
            progress.refresh()
        assert len(out.getvalue()) == drawn
        write(comparison, "grpo", 1, "running", 2)
        clock.now += REDRAW_EVERY
        progress.refresh()
        assert "2/10" in out.getvalue()[drawn:]  # what has changed is drawn at once


def test_a_run_that_went_back_to_a_checkpoint_is_read_anew(comparison: PlannedComparison) -> None:
    console, _ = plain()
    clock = Clock()
    write(comparison, "grpo", 1, "running", 6)
    folder = comparison.folder / "grpo" / "seed-1"
    with Progress(comparison, console, clock=clock) as progress:
        assert progress.rows()[0][2] == "6/10"
        for name in ("steps", "timing", "evals"):
            (folder / f"{name}.jsonl").unlink()
        write(comparison, "grpo", 1, "running", 2)
        clock.now += REDRAW_EVERY
        progress.refresh()
        assert progress.rows()[0][2] == "2/10"


def test_a_run_that_went_back_and_is_further_than_before_is_read_anew(
    comparison: PlannedComparison,
) -> None:
    console, _ = plain()
    clock = Clock()
    write(comparison, "grpo", 1, "running", 2)
    folder = comparison.folder / "grpo" / "seed-1"
    with Progress(comparison, console, clock=clock) as progress:
        for name in ("steps", "timing", "evals"):
            (folder / f"{name}.jsonl").unlink()
        append_line(folder / "timing.jsonl", {"step": 0, "training": 0.123456, "evaluation": 9.0})
        write(comparison, "grpo", 1, "running", 8)  # no line ends where one had ended
        clock.now += REDRAW_EVERY
        progress.refresh()
        assert progress.rows()[0][2] == "8/10"
        assert progress.runs[0].pace.steps == 8
        assert [line["step"] for line in progress.runs[0].steps] == list(range(1, 9))
        for name in ("steps", "timing"):
            hidden(folder / f"{name}.jsonl", 9)
        clock.now += REDRAW_EVERY
        progress.refresh()
        assert progress.rows()[0][2] == "9/10"


def hidden(path: Path, step: int) -> None:
    """What stands in a file can be read no more, but for the end of its last line; a step more."""
    path.write_text("#" * (path.stat().st_size - 1) + "\n")
    append_line(path, {"step": step, "reward": 0.5, "training": 1.0, "evaluation": 0.0})


def test_what_was_read_is_not_read_again(comparison: PlannedComparison) -> None:
    """Nor is a line that is not whole yet."""
    console, _ = plain()
    clock = Clock()
    write(comparison, "grpo", 1, "running", 6)
    folder = comparison.folder / "grpo" / "seed-1"
    with Progress(comparison, console, clock=clock) as progress:
        for name in ("steps", "timing"):
            hidden(folder / f"{name}.jsonl", 7)
        begun, rest = '{"step": 8, "reward": 0.5, "tr', 'aining": 1.0, "evaluation": 0.0}\n'
        for added, steps in ((begun, 7), (rest, 8)):
            for name in ("steps", "timing"):
                with (folder / f"{name}.jsonl").open("a") as file:
                    file.write(added)
            clock.now += REDRAW_EVERY
            progress.refresh()
            assert progress.rows()[0][2] == f"{steps}/10"
            assert progress.runs[0].pace.steps == steps


def test_a_damaged_record_is_a_sentence(comparison: PlannedComparison) -> None:
    write(comparison, "grpo", 1, "running", 2)
    append_line(comparison.folder / "grpo" / "seed-1" / "timing.jsonl", {"training": 1.0})
    with (
        pytest.raises(UserError, match=r"grpo/seed-1 holds a record that is damaged \(KeyError"),
        Progress(comparison, plain()[0]),
    ):
        pass


def test_a_run_whose_process_is_gone_is_left_to_whoever_started_it(
    comparison: PlannedComparison,
) -> None:
    console, out = plain()
    with Progress(comparison, console):
        write(comparison, "srpo", 3, "stopped", 2)
        write(comparison, "grpo", 1, "stopped", 2)
        path = comparison.folder / "srpo" / "seed-3" / "status.json"
        write_json(path, {"state": "stopped", "step": 2, "steps": 10, "reason": GONE})
    assert out.getvalue().startswith("grpo/seed-1 stopped, step 2/10, ")
    assert len(out.getvalue().splitlines()) == 1


def test_rows_of_every_kind(comparison: PlannedComparison) -> None:
    """Ten steps of a second, evaluations of ten at 0, 5 and 10: after four 26 s, told in fives."""
    write(comparison, "grpo", 1, "running", 4)
    write(comparison, "grpo", 2, "running", 0)
    write(comparison, "grpo", 3, "failed", 2)
    write(comparison, "grpo", 4, "stopped", 2)
    write(comparison, "grpo", 5, "done", 10)
    write(comparison, "srpo", 1, "done", 10)
    write(comparison, "srpo", 2, "done", 10)
    append_line(
        comparison.folder / "srpo" / "seed-2" / "evals.jsonl", {"step": 10, "accuracy": 0.5}
    )
    console, _ = plain()
    with Progress(comparison, console) as progress:
        rows = progress.rows()
    assert rows[0][:6] == ["grpo/seed-1", "running", "4/10", "0.500", "25.0 %", "25 s"]
    assert rows[1] == ["grpo/seed-2", "running", "0/10", "–", "25.0 %", "", ""]
    assert rows[2] == ["grpo/seed-3", "failed: x!", "", "", "", "", ""]
    assert rows[3][:6] == ["grpo/seed-4", "stopped", "2/10", "0.500", "25.0 %", ""]
    assert rows[4] == ["grpo", "1 of 12 done", "", "", "25.0 %", "", ""]
    assert rows[5] == ["srpo", "2 of 12 done", "", "", "37.5 %", "", ""]
    assert rows[6] == ["+ 17 waiting", *[""] * 6]
    assert {len(row) for row in rows} == {7}


@pytest.mark.parametrize("tasks", [(), ("micro-math",)])
def test_a_trained_model_that_is_being_scored_says_so(
    comparison: PlannedComparison, tasks: tuple[str, ...]
) -> None:
    final = comparison.config.final.model_copy(update={"tasks": tasks})
    comparison.config = comparison.config.model_copy(update={"final": final})
    for seed, state, steps in ((1, "running", 10), (2, "running", 9), (3, "stopped", 10)):
        write(comparison, "grpo", seed, state, steps)
    progress = Progress(comparison, plain()[0])
    progress._look()
    said = "scoring the trained model" if tasks else ""
    assert [row[-1] for row in progress.rows()[:3]] == [said, "", ""]


@pytest.mark.parametrize(("height", "rows"), [(24, 6), (12, 6), (11, 5), (9, 3), (1, 3)])
def test_as_many_rows_as_there_is_room_for(
    comparison: PlannedComparison, height: int, rows: int
) -> None:
    for seed in range(1, 7):
        write(comparison, "grpo", seed, "running", 1)
        write(comparison, "srpo", seed, "waiting", 0)
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=True)
    with Progress(comparison, console) as progress:
        found = [row[0] for row in progress.rows()]
    more = [f"+ {6 - rows + 1} more"] if rows < 6 else []
    seen = [f"grpo/seed-{seed}" for seed in range(1, 7)][: rows - len(more)]
    assert found == [*seen, *more, "+ 18 waiting"]


def test_what_is_left_is_told_with_its_time_of_day(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2026, 1, 1, 12, 0, 0)

    monkeypatch.setattr(live, "datetime", Noon)
    console, _ = plain()
    left: list[float | None] = [None, 0.0, 90.0]
    with Progress(comparison, console) as progress:
        monkeypatch.setattr(progress, "seconds_left", lambda: left[0])
        heads = []
        for seconds in (None, 0.0, 600.0):
            left[0] = seconds
            heads.append(progress.head())
        assert heads == ["0 of 24 runs done"] * 2 + ["0 of 24 runs done, about 10 min left"]
        progress.runs[0].state, progress.runs[1].state = "running", "failed"
        assert progress.head() == "0 of 24 runs done, 1 failed, about 10 min left, until 12:10"


def test_plain_lines_come_every_quarter_of_a_minute(comparison: PlannedComparison) -> None:
    console, out = plain()
    clock = Clock()
    clock.now = 100.0
    write(comparison, "grpo", 1, "running", 3)
    write(comparison, "grpo", 2, "stopped", 3)
    told = []
    with Progress(comparison, console, clock=clock) as progress:
        for seconds in (0.5, 0.5, PLAIN_EVERY - 1, 1.0, PLAIN_EVERY, 1.0, PLAIN_EVERY):
            clock.now += seconds
            progress.refresh()
            told.append(out.getvalue().count("0 of 24 runs done"))
    # looked at 1 s, 15 s (not yet), 16 s (beyond), 31 s (not yet), 32 s, 47 s (not yet)
    assert told == [0, 0, 0, 1, 1, 2, 2]
    assert out.getvalue().count("grpo/seed-1 running") == 2
    assert out.getvalue().count("grpo/seed-2 stopped") == 1


def test_a_screen_is_drawn_to_the_end(comparison: PlannedComparison) -> None:
    class Drawn:
        """Stands for the live display."""

        def __init__(self) -> None:
            self.calls: list[tuple[str, bool]] = []

        def start(self) -> None:
            self.calls.append(("start", False))

        def update(self, screen: object, refresh: bool = False) -> None:
            self.calls.append(("update", refresh))

        def stop(self) -> None:
            self.calls.append(("stop", False))

    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True)
    progress = Progress(comparison, console)
    assert progress.live is not None
    assert not progress.live.auto_refresh
    drawn = Drawn()
    progress.live = drawn  # type: ignore[assignment]
    with progress:
        pass
    assert drawn.calls == [("start", False), ("update", True), ("stop", False)]


def test_numbers_stand_to_the_right_and_names_are_whole(comparison: PlannedComparison) -> None:
    write(comparison, "grpo", 1, "running", 3)
    console, _ = plain()
    with Progress(comparison, console) as progress:
        folder, head, table = progress._screen().renderables
    assert (str(folder), str(head)) == (str(comparison.folder), progress.head())
    assert isinstance(table, Table)
    columns = [(c.header, c.justify, c.no_wrap) for c in table.columns]
    assert columns == [
        ("run", "left", True), ("state", "left", False), ("step", "right", False),
        ("reward", "right", False), ("accuracy", "right", False), ("left", "right", False),
        ("", "left", False),
    ]  # fmt: skip
    assert (table.box, table.pad_edge) == (None, False)


def test_lines_are_printed_as_they_are() -> None:
    out = io.StringIO()
    progress = object.__new__(Progress)
    progress.console = Console(file=out, width=20)
    progress._print("[bold]a reason[/bold] that is longer than twenty")
    assert out.getvalue() == "[bold]a reason[/bold] that is longer than twenty\n"
