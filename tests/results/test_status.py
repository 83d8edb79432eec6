"""Where a run stands, if its process cannot say so any more."""

from __future__ import annotations

import fcntl
import platform
from pathlib import Path

import pytest

from srpo_bench.results.attempts import ATTEMPT, ATTEMPTS
from srpo_bench.results.progress import progress
from srpo_bench.results.runs import read
from srpo_bench.results.status import GONE, Status, status_of
from srpo_bench.results.store import ResultsError, write_json
from tests.results.synthetic import write


def begin(run: Path, number: int, host: str) -> None:
    folder = run / ATTEMPTS / str(number)
    folder.mkdir(parents=True)
    write_json(folder / ATTEMPT, {"host": host})


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """A run that was begun on this machine and has not said how it ended."""
    write(tmp_path / "c", seeds=1, steps=20)
    run = tmp_path / "c" / "grpo" / "seed-1"
    write_json(run / "status.json", {"state": "running", "step": 20, "steps": 40, "reason": ""})
    begin(run, 1, platform.node())
    (run / "pid").touch()
    return run


def test_a_run_whose_process_was_killed_has_stopped(running: Path) -> None:
    with (running / "pid").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of another open file, as another process's would be
        assert status_of(running) == Status("running", "")
    assert status_of(running) == Status("stopped", GONE)
    comparison = read(running.parents[1])
    assert progress(comparison.runs).states["stopped"] == 1
    assert [run.reason for run in comparison.of("grpo")] == [GONE]


def test_of_a_run_on_another_machine_its_word_is_taken(running: Path) -> None:
    begin(running, 2, "another")
    assert status_of(running) == Status("running", "")


def test_a_state_that_is_none_is_told(running: Path) -> None:
    write_json(running / "status.json", {"state": "runnnig"})
    with pytest.raises(ResultsError, match="names an unknown state: 'runnnig'"):
        status_of(running)
    (running / "status.json").unlink()
    assert status_of(running) == Status("", "")
