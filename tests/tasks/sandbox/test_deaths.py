"""A death that the program did not cause is no verdict; one that it did is its own."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.faults.grading import sandbox_rows
from benchmarks.faults.processes import SANDBOX, send, tree
from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.sandbox import Limits, Program, Sandbox, readable, worker
from srpo_bench.tasks.sandbox.inside import wire
from srpo_bench.tasks.sandbox.modes import Mode
from srpo_bench.tasks.sandbox.pool import _OURS

TESTS = "def check(f):\n    assert f(2) == 4\n"
GOOD = Program("def f(x): return x * x", TESTS, "f")
SLOW = Program("import time\ndef f(x):\n    time.sleep(.2)\n    return x * x", TESTS, "f")


class Strike(threading.Thread):
    """Sends a signal to a process of that kind a moment from now, while a slow program runs."""

    def __init__(self, kind: str, number: signal.Signals) -> None:
        super().__init__()
        self._kind, self._number = kind, number
        self.struck = False
        self.start()

    def run(self) -> None:
        time.sleep(0.05)
        for pid in tree(os.getpid())[self._kind][:1]:
            self.struck = send(pid, self._number)


@pytest.mark.parametrize("kind", SANDBOX)
def test_a_killed_process_is_no_verdict(kind: str, isolated: Mode) -> None:
    if kind == "bubblewrap" and isolated != "bubblewrap":
        pytest.skip("there is none")
    with Sandbox(mode=isolated) as sandbox:
        sandbox.run([GOOD])
        thread = Strike(kind, signal.SIGKILL)
        (verdict,) = sandbox.run([SLOW])
        thread.join()
    assert thread.struck
    assert verdict.outcome is Outcome.CORRECT, verdict


@pytest.mark.integration
def test_a_stopped_program_is_no_timeout(isolated: Mode) -> None:
    limits = Limits(wall_seconds=1.0)
    with Sandbox(limits=limits, mode=isolated) as sandbox:
        sandbox.run([GOOD])
        thread = Strike("program", signal.SIGSTOP)
        (verdict,) = sandbox.run([SLOW])
        thread.join()
    assert thread.struck
    assert verdict.outcome is Outcome.CORRECT, verdict


class Dying:
    """A worker under which ``program`` brings its sandbox down, whoever else is graded."""

    def __init__(self, deadly: Callable[[Program], bool], log: list[Program]) -> None:
        self._deadly, self._log = deadly, log
        self._ours, self._theirs = socket.socketpair()
        self.deadline = time.monotonic() + 60

    def fileno(self) -> int:
        return self._ours.fileno()

    def submit(self, program: Program) -> None:
        self._program = program
        self._log.append(program)
        self._theirs.send(b"x")

    def receive(self) -> worker.Verdict:
        self._ours.recv(1)
        if self._deadly(self._program):
            raise worker.WorkerDiedError("the sandbox ended")
        return worker.Verdict(Outcome.CORRECT)

    def destroy(self) -> None:
        self._ours.close()
        self._theirs.close()


def pool(
    monkeypatch: pytest.MonkeyPatch, deadly: Callable[[Program], bool]
) -> tuple[Sandbox, list[Program]]:
    log: list[Program] = []
    monkeypatch.setattr(
        "srpo_bench.tasks.sandbox.pool.Worker", lambda mode, limits: Dying(deadly, log)
    )
    return Sandbox(workers=2, mode="landlock"), log


def test_a_program_under_which_three_sandboxes_end_is_wrong_and_graded_last_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox, log = pool(monkeypatch, lambda program: program == SLOW)
    with sandbox:
        deadly, good = sandbox.run([SLOW, GOOD])
    assert deadly.outcome is Outcome.WRONG
    assert "three sandboxes ended under it" in deadly.detail
    assert good.outcome is Outcome.CORRECT
    assert log.count(SLOW) == 3
    assert log[-2:] == [SLOW, _OURS]


def test_where_nothing_can_be_graded_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, _ = pool(monkeypatch, lambda _: True)
    with sandbox, pytest.raises(TaskError, match=r"cannot be graded here .*: the sandbox ended\."):
        sandbox.run([GOOD])


def test_deaths_of_others_are_not_counted_against_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two idle sandboxes that have died meanwhile meet one innocent program."""
    left = [GOOD, GOOD]

    def dies_twice(program: Program) -> bool:
        return bool(left) and bool(left.pop())

    sandbox, _ = pool(monkeypatch, dies_twice)
    with sandbox:
        assert sandbox.run([GOOD])[0].outcome is Outcome.CORRECT


def test_a_sandbox_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "launch", lambda *_: (["/nowhere/bwrap"], {}))
    with Sandbox(mode="bubblewrap") as sandbox, pytest.raises(TaskError, match="No such file"):
        sandbox.run([GOOD])


def test_a_list_of_system_calls_that_the_kernel_refuses_is_no_verdict(
    isolated: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "filter_program", lambda: b"\xff" * 8)
    with Sandbox(mode=isolated) as sandbox, pytest.raises(TaskError, match="cannot be graded here"):
        sandbox.run([GOOD])


def test_a_package_that_programs_cannot_read_is_no_verdict(
    isolated: Mode, open_to_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be wrong for importing what is there for everybody else."""
    (open_to_all / "mine").mkdir()
    (open_to_all / "mine" / "__init__.py").touch(mode=0)
    monkeypatch.setattr(readable, "packages", lambda: {"mine": open_to_all / "mine"})
    told = r"import mine, but cannot read it here \(Permission denied\)"
    with Sandbox(mode=isolated) as sandbox, pytest.raises(TaskError, match=told):
        sandbox.run([GOOD])


def test_no_room_for_a_folder_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(owner: int | None) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(worker, "Scratch", full)
    with Sandbox(mode="landlock") as sandbox, pytest.raises(TaskError, match="No space left"):
        sandbox.run([GOOD])


def test_a_verdict_that_comes_in_one_piece_with_ready_is_not_lost() -> None:
    with Sandbox(mode="unsafe") as sandbox:
        fresh = sandbox._worker(fresh=True)
        verdicts = wire.frame("ready") + wire.frame(("correct", ""))
        ours, theirs = socket.socketpair()
        fresh._control = ours
        theirs.sendall(verdicts)
        found = fresh.receive()
        theirs.close()
        fresh.destroy()
    assert found == worker.Verdict(Outcome.CORRECT)


@pytest.mark.integration
def test_the_fault_benchmark_finds_no_difference(isolated: Mode) -> None:
    rows = list(sandbox_rows(kills=2, stops=1, seconds=0.2, mode=isolated, seed=1))
    kinds = 4 if isolated == "bubblewrap" else 3
    assert [(row.trials, row.differences) for row in rows] == [(2, 0)] * kinds + [(1, 0)] * kinds
