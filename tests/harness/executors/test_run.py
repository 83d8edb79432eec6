"""The comparison's part: order, books, and how it ends, whatever runs the runs."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.executors import local
from srpo_bench.harness.executors import run as run_module
from srpo_bench.harness.executors.base import (
    SUPERSEDED,
    Ended,
    Need,
    need_before_planning,
    need_of,
)
from srpo_bench.harness.executors.choose import Options, make_executor
from srpo_bench.harness.executors.local import LocalExecutor
from srpo_bench.harness.executors.run import run_all
from srpo_bench.harness.machine import accelerators
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun, locked, state
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.worker import write_status
from srpo_bench.results.store import STOP, read_json
from tests.harness.executors.unwilling import Unwilling, ends, waits


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    """As in a terminal: what a shell starts in the background ignores Ctrl-C from the start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "POLL", 0.001)


class Scripted:
    """Ends one run a look, each as its script says; None: the run said so itself."""

    side_by_side = 1

    def __init__(self, script: Sequence[str | None], interrupt_at: int = -1) -> None:
        self.script, self.interrupt_at = list(script), interrupt_at
        self.taken: list[PlannedRun] = []
        self.stopped: list[bool] = []
        self.closed = False
        self.looks = 0

    def start(self, runs: Sequence[PlannedRun]) -> None:
        self.taken = list(runs)
        self.left = list(zip(runs, self.script, strict=False))

    def ended(self) -> list[Ended]:
        self.looks += 1
        if self.looks == self.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        run, how = self.left.pop(0)
        if how is None:
            write_status(run.folder, "stopped" if self.stopped else "done", 10)
        return [Ended(run, how or "")]

    def stop(self, now: bool) -> None:
        self.stopped.append(now)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def comparison(tmp_path: Path) -> PlannedComparison:
    arms = [Arm(name=name, algorithm=name) for name in ("grpo", "srpo")]
    planned = PlannedComparison(tmp_path, Config(seeds=(1, 2)), arms, tmp_path)
    for run in planned.runs:
        run.folder.mkdir(parents=True)
    return planned


def test_what_could_not_say_how_it_ended_is_failed_and_the_rest_goes_on(
    comparison: PlannedComparison,
) -> None:
    executor = Scripted([None, "killed by signal SIGKILL", None, ""])
    run_all(comparison, executor)
    states = [state(run) for run in comparison.runs]
    assert states == ["done", "failed", "done", "failed"]
    reasons = [read_json(run.folder / "status.json")["reason"] for run in comparison.runs]
    assert reasons[1] == "The worker died: killed by signal SIGKILL."
    assert reasons[3] == "The worker died: nobody knows how."
    assert executor.closed


def test_a_run_that_was_killed_as_it_wrote_its_status_is_failed_and_the_rest_goes_on(
    comparison: PlannedComparison,
) -> None:
    class Torn(Scripted):
        def ended(self) -> list[Ended]:
            run = self.left[0][0]
            ended = super().ended()
            if run == self.taken[1]:
                (run.folder / "status.json").write_text('{"state": "runn')
            return ended

    run_all(comparison, Torn([None, "killed by signal SIGKILL", None, None]))
    assert [state(run) for run in comparison.runs] == ["done", "failed", "done", "done"]
    record = read_json(comparison.runs[1].folder / "status.json")
    assert (record["step"], record["steps"]) == (0, 0)  # nobody knows


def test_the_executor_is_looked_at_after_a_pause_and_each_look_is_told(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(run_module, "time", SimpleNamespace(sleep=slept.append))
    executor, told = Scripted([None] * 4), list[int]()
    run_all(comparison, executor, lambda: told.append(executor.looks))
    assert told == [1, 2, 3, 4]
    assert slept == [run_module.POLL] * 4
    for run in comparison.runs:
        write_status(run.folder, "waiting", 10)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, Scripted([None] * 4, interrupt_at=2))
    assert slept == [run_module.POLL] * (4 + 2 + 3)


def test_a_second_interrupt_kills_what_the_first_one_asked_to_stop(
    comparison: PlannedComparison, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stop file may be gone by then; a run that was killed as it worked has failed."""

    class Twice(Scripted):
        def stop(self, now: bool) -> None:
            super().stop(now)
            self.interrupt_at = -1 if now else self.looks + 1
            for run, _ in self.left:
                write_status(run.folder, "running", 10)
            if now:
                (comparison.folder / STOP).unlink()

    executor = Twice([None, None, "killed by signal SIGKILL", None], interrupt_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, executor)
    assert executor.stopped == [False, True]
    states = [state(run) for run in comparison.runs]
    assert states == ["done", "stopped", "failed", "stopped"]
    assert "finishes its step and saves itself. Ctrl-C again kills them." in capsys.readouterr().out


def test_only_what_is_pending_is_run(comparison: PlannedComparison) -> None:
    write_status(comparison.runs[1].folder, "done", 10)
    executor = Scripted([None] * 3)
    run_all(comparison, executor)
    assert [run.folder.parent.name for run in executor.taken] == ["grpo", "grpo", "srpo"]


def test_an_interrupted_comparison_waits_for_its_runs_and_leaves_no_stop_file(
    comparison: PlannedComparison,
) -> None:
    executor = Scripted([None] * 4, interrupt_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, executor)
    assert executor.stopped == [False]
    assert executor.closed
    assert not (comparison.folder / STOP).exists()
    assert not executor.left or len(executor.left) == 1  # the look that was interrupted


def test_runs_that_nobody_will_go_on_with_are_killed_at_once(
    comparison: PlannedComparison, capsys: pytest.CaptureFixture[str]
) -> None:
    executor = Scripted([None] * 4, interrupt_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, executor, kept=False)
    assert executor.stopped == [True]
    assert capsys.readouterr().out == ""  # nothing of theirs is saved, and nothing says so


def test_a_run_that_waits_for_its_place_when_all_are_stopped_goes_on_waiting(
    comparison: PlannedComparison,
) -> None:
    executor = Scripted([None, None, "it never began", "it never began"], interrupt_at=1)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, executor)
    assert [state(run) for run in comparison.runs[2:]] == ["waiting", "waiting"]


def test_a_run_that_found_a_stop_file_of_the_users_before_it_began_goes_on_waiting(
    comparison: PlannedComparison,
) -> None:
    class Stopped(Scripted):
        def start(self, runs: Sequence[PlannedRun]) -> None:
            super().start(runs)
            (comparison.folder / STOP).touch()

    run_all(comparison, Stopped([None, "exit code 130", "exit code 130", "exit code 130"]))
    assert [state(run) for run in comparison.runs] == ["done", "waiting", "waiting", "waiting"]


def test_a_signal_while_runs_are_handed_over_ends_the_command(
    comparison: PlannedComparison, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(Scripted):
        def start(self, runs: Sequence[PlannedRun]) -> None:
            signal.raise_signal(signal.SIGINT)
            super().start(runs)

    executor = Slow([None] * 4)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, executor)
    assert executor.closed
    assert executor.stopped == []
    assert capsys.readouterr().out == ""  # nothing has begun that would be saved


def test_two_commands_on_one_comparison_are_refused(comparison: PlannedComparison) -> None:
    message = f"another bench, process {os.getpid()} on "
    with locked(comparison.folder), pytest.raises(UserError, match=message):
        run_all(comparison, Scripted([]))


def test_runs_are_spread_over_the_accelerators_that_may_be_used(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-5,7")
    executor = LocalExecutor(Need(cpus=1, gpus=1))
    assert executor.side_by_side == 3
    taken = []
    for _ in range(4):
        device = executor._free_device()
        taken.append(device)
        executor._on[object()] = device  # type: ignore[index]
    assert taken == ["3", "GPU-5", "7", "3"]
    assert LocalExecutor(Need(cpus=1, gpus=1), workers=1).side_by_side == 1


@pytest.fixture
def unwilling(monkeypatch: pytest.MonkeyPatch) -> LocalExecutor:
    monkeypatch.setattr(local, "_PAUSE", 0)
    monkeypatch.setattr(local, "_start_server", lambda: None)
    monkeypatch.setattr(local, "_context", lambda threads: SimpleNamespace(Process=Unwilling))
    multiprocessing.set_forkserver_preload([])  # what these runs do needs no torch
    monkeypatch.setattr(local, "start", ends)
    monkeypatch.setattr(Unwilling, "troubles", [])
    return LocalExecutor(Need(1, 0), workers=1)


@pytest.mark.parametrize("error", [EOFError("unexpected EOF"), ConnectionRefusedError()], ids=repr)
def test_a_server_that_dies_as_it_is_asked_costs_no_run(
    comparison: PlannedComparison, unwilling: LocalExecutor, error: BaseException
) -> None:
    Unwilling.troubles = [error] * 9
    run_all(comparison, unwilling)
    assert {state(run) for run in comparison.runs} == {"done"}


def test_where_no_process_starts_the_runs_end_with_a_sentence(
    comparison: PlannedComparison, unwilling: LocalExecutor
) -> None:
    Unwilling.troubles = [EOFError("unexpected EOF")] * 1000
    run_all(comparison, unwilling)
    assert {read_json(run.folder / "status.json")["reason"] for run in comparison.runs} == {
        "The worker died: its process does not start (unexpected EOF)."
    }


def test_a_run_whose_start_is_interrupted_is_not_waited_for_for_ever(
    comparison: PlannedComparison, unwilling: LocalExecutor
) -> None:
    first, second, *_ = comparison.runs
    unwilling.start([first, second])
    for process in unwilling._running:
        process.join()
    Unwilling.troubles = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        unwilling.ended()
    unwilling.stop(now=False)
    assert {end.run.folder for end in unwilling.ended()} == {first.folder, second.folder}


def test_runs_that_had_begun_when_handing_over_was_interrupted_end_with_the_command(
    comparison: PlannedComparison, unwilling: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """multiprocessing waits at exit for the processes that it has started."""
    monkeypatch.setattr(local, "start", waits)
    unwilling._places = 2
    begun = unwilling._begin

    def interrupted(run: PlannedRun, device: str | None) -> BaseProcess:
        if unwilling._running:
            raise KeyboardInterrupt
        return begun(run, device)

    monkeypatch.setattr(unwilling, "_begin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_all(comparison, unwilling)
    (process,) = unwilling._running
    try:
        assert process.exitcode == -signal.SIGTERM
    finally:
        process.kill()


def test_a_disk_that_takes_no_record_of_an_end_is_told_and_nothing_is_waited_for(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the end that could not be recorded nor those after it, which cannot be, either."""

    def full(path: Path, record: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    executor = Scripted(["killed"] * 4)
    monkeypatch.setattr(run_module, "write_json", full)
    with pytest.raises(OSError, match="No space left"):
        run_all(comparison, executor)
    assert executor.looks == 4
    assert executor.closed


def test_what_a_run_needs_follows_the_plan(comparison: PlannedComparison) -> None:
    assert need_of(comparison) == Need(cpus=1, gpus=0)
    comparison.device = "cuda"
    assert need_of(comparison) == Need(cpus=1, gpus=1)


def test_a_run_that_nobody_follows_is_told(
    comparison: PlannedComparison, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose process is gone, one whose process is still there."""
    gone, held, *_ = comparison.runs
    for run in (gone, held):
        write_status(run.folder, "running", 10)
        Attempt(run.folder, {"process": 7, "host": "n1"})
    with (held.folder / "pid").open("w") as pid:
        fcntl.flock(pid, fcntl.LOCK_EX)
        run_all(comparison, Scripted([None] * 4))
    said = capsys.readouterr().out
    assert "grpo/seed-1 was left as running by process 7 on n1, which is gone" in said
    assert "srpo/seed-1 is still at work in process 7 on n1, which no command follows" in said
    assert "seed-2" not in said


def test_a_stop_of_before_stops_nothing(comparison: PlannedComparison) -> None:
    """Else a run that died would go on waiting for its place."""
    (comparison.folder / STOP).touch()
    run_all(comparison, Scripted(["exit code 1", None, None, None]))
    assert state(comparison.runs[0]) == "failed"
    assert not (comparison.folder / STOP).exists()


def test_a_checkpoint_that_is_damaged_is_told_before_any_run_begins(
    comparison: PlannedComparison,
) -> None:
    (comparison.runs[1].folder / "checkpoints" / "step-3").mkdir(parents=True)
    executor = Scripted([None] * 4)
    with pytest.raises(UserError, match="step-3"):
        run_all(comparison, executor)
    assert executor.taken == []


def test_what_a_later_attempt_took_over_is_left_alone(comparison: PlannedComparison) -> None:
    executor = Scripted([SUPERSEDED, None, None, None])
    run_all(comparison, executor)
    assert state(comparison.runs[0]) == "waiting"


def test_a_run_holds_five_times_its_weights(comparison: PlannedComparison) -> None:
    planned = replace(comparison, parameters=10)
    need = need_of(planned)
    assert need.memory == 200
    on_device = replace(planned, device="cuda", accelerator="NVIDIA A100")
    assert need_of(on_device) == Need(need.cpus, 1, 0, "NVIDIA A100")


def test_accelerators_are_counted_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert accelerators() == ["0", "1", "2"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,GPU-1")
    assert accelerators() == ["5", "GPU-1"]
    assert LocalExecutor(Need(1, gpus=1)).side_by_side == 2


def test_as_many_runs_at_a_time_as_the_cores_hold_and_one_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "cores", lambda: 7)
    assert [LocalExecutor(Need(cpus)).side_by_side for cpus in (1, 3, 8)] == [7, 2, 1]
    assert LocalExecutor(Need(1), workers=9).side_by_side == 9


class Process:
    """Of a worker that ends when it is told to; ``asked``: what it was asked for."""

    def __init__(self) -> None:
        self.exitcode: int | None = None
        self.asked: list[str] = []

    def is_alive(self) -> bool:
        return self.exitcode is None

    def __getattr__(self, name: str) -> Any:
        return lambda: self.asked.append(name)


def test_a_place_that_is_free_is_taken_by_who_waits_on_its_accelerator(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,GPU-1")
    executor, begun = LocalExecutor(Need(1, gpus=1)), list[tuple[PlannedRun, str, Process]]()

    def begin(run: PlannedRun, device: str) -> Process:
        begun.append((run, device, Process()))
        return begun[-1][2]

    monkeypatch.setattr(executor, "_begin", begin)
    one, two, three, four = comparison.runs
    executor.start(comparison.runs)
    assert [(run, device) for run, device, _ in begun] == [(one, "5"), (two, "GPU-1")]
    assert executor.ended() == []
    for done, code, how, then in (
        (1, -9, "killed by signal SIGKILL", (three, "GPU-1")),
        (0, 3, "exit code 3", (four, "5")),
    ):
        begun[done][2].exitcode = code
        assert executor.ended() == [Ended(begun[done][0], how)]
        assert begun[done][2].asked == ["join"]
        assert begun[-1][:2] == then
    begun[2][2].exitcode = 0
    executor.stop(now=False)
    executor.stop(now=True)
    assert executor.ended() == [Ended(three, "exit code 0")]
    executor.close()
    assert begun[3][2].asked == ["terminate", "kill", "terminate", "join"]


def test_what_waits_for_a_place_never_begins_once_runs_are_stopped(
    comparison: PlannedComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = LocalExecutor(Need(1), workers=1)
    monkeypatch.setattr(executor, "_begin", lambda run, device: Process())
    executor.start(comparison.runs)
    executor.stop(now=False)
    stopped = [Ended(run, "it was stopped before it began") for run in comparison.runs[1:]]
    assert executor.ended() == stopped
    assert executor.ended() == []


@pytest.mark.parametrize(
    ("name", "module", "words"),
    [
        ("local", "local.LocalExecutor", (Need(2), 3)),
        ("ray", "ray.RayExecutor", (Path("c"), Need(2), "auto", 3)),
        ("slurm", "slurm.SlurmExecutor", (Path("c"), Need(2), 3, ("--mem=1G",), None)),
    ],
)
def test_the_executor_that_was_asked_for_has_its_options(
    name: str, module: str, words: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"srpo_bench.harness.executors.{module}", lambda *given: given)
    own: dict[str, Any] = {"ray": {"ray_address": "auto"}, "slurm": {"slurm": ("--mem=1G",)}}
    options = Options(name, 3, **own.get(name, {}))
    assert make_executor(Path("c"), Need(2), options) == words


def test_planning_takes_an_accelerator_where_the_settings_name_one() -> None:
    asked = [
        Config.model_validate({"threads": 2, "model": {"device": d}})
        for d in ("cuda", "cpu", "auto")
    ]
    assert list(map(need_before_planning, asked)) == [Need(2, 1), Need(2), Need(2)]


def test_a_worker_whose_folder_is_gone_ends_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As where a probe is stopped between a worker's fork and its first line."""
    monkeypatch.setattr(os, "setsid", lambda: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as end:
        local.start(tmp_path / "gone")
    assert end.value.code == 130
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "gone").exists()
