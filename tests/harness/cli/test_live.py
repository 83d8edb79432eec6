"""The progress of a comparison on screens of all kinds, from files as runs write them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

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
    assert "grpo/seed-1 running 3/10 0.500 25.0 %" in out.getvalue()
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


def test_what_was_read_is_not_read_again(comparison: PlannedComparison) -> None:
    """What stood before is unreadable by now, but for the end of its last line."""
    console, _ = plain()
    clock = Clock()
    write(comparison, "grpo", 1, "running", 6)
    folder = comparison.folder / "grpo" / "seed-1"
    with Progress(comparison, console, clock=clock) as progress:
        for name in ("steps", "timing"):
            path = folder / f"{name}.jsonl"
            path.write_text("#" * (path.stat().st_size - 1) + "\n")
            append_line(path, {"step": 7, "reward": 0.5, "training": 1.0, "evaluation": 0.0})
        clock.now += REDRAW_EVERY
        progress.refresh()
        assert progress.rows()[0][2] == "7/10"
        assert progress.runs[0].pace.steps == 7


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
    assert out.getvalue().startswith("grpo/seed-1 stopped 2/10 ")
    assert len(out.getvalue().splitlines()) == 1
