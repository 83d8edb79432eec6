"""How long a program is waited for: a crowded machine is not the program's doing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.sandbox import Sandbox, worker
from srpo_bench.tasks.sandbox.inside import judge, limits, wire
from tests.tasks.sandbox.test_deaths import GOOD, Dying

WALL, CPU = 0.4, 3.0
PULSES = 18
"""Of 5 ms of computing every 0.1 s: four times as long as a program may sleep, and a twentieth of
the CPU time of one that computes; like a program whom others leave a twentieth of a core."""


@pytest.fixture
def program() -> Iterator[judge.Program]:
    """One that answers after ``PULSES``."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        theirs.recv(1000)
        for _ in range(PULSES):
            time.sleep(0.1)
            until = time.process_time() + 0.005
            while time.process_time() < until:
                pass
        theirs.sendall(wire.frame({"value": 4}))
        os._exit(0)
    theirs.close()
    yield judge.Program(ours, pid, lambda hung_up: False, CPU, WALL)
    ours.close()
    os.kill(pid, 9)
    os.waitpid(pid, 0)


@pytest.mark.integration
def test_one_that_gets_little_of_a_crowded_machine_is_waited_for(
    program: judge.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_crowded", lambda: True)
    program.load("")
    assert program.over is None


@pytest.mark.integration
def test_one_that_hardly_computes_on_an_empty_machine_is_given_up(
    program: judge.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_crowded", lambda: False)
    with pytest.raises(limits.Over, match="it computes too little"):
        program.load("")


@pytest.mark.integration
def test_one_that_hardly_computes_is_given_up_in_the_end(
    program: judge.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_crowded", lambda: True)
    monkeypatch.setattr(wire, "PATIENCE", 4)
    with pytest.raises(limits.Over, match="it computes too little"):
        program.load("")


@pytest.mark.parametrize(("share", "held_up"), [(1.0, False), (0.1, True)])
def test_a_share_of_the_processors_is_felt(
    share: float, held_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the load: a container's limit does not show there."""
    used = iter(n * 0.001 for n in range(1000))
    now = [0.0]

    def tick() -> float:
        now[0] = next(used)
        return now[0]

    clock = SimpleNamespace(process_time=tick, monotonic=lambda: now[0] / share)
    monkeypatch.setattr(limits, "time", clock)
    assert limits._is_held_up() is held_up


def unstarted(monkeypatch: pytest.MonkeyPatch, doomed: int) -> Sandbox:
    """A pool in which workers for ``GOOD`` do not start, so many times."""
    left = [GOOD] * doomed

    class Late(Dying):
        def receive(self) -> worker.Verdict:
            try:
                return super().receive()
            except worker.WorkerDiedError as death:
                raise worker.WorkerDiedError(str(death), started=False) from None

    monkeypatch.setattr(
        "srpo_bench.tasks.sandbox.pool.Worker",
        lambda mode, limits: Late(lambda p: p == GOOD and bool(left) and bool(left.pop()), []),
    )
    return Sandbox(mode="landlock")


def test_a_sandbox_that_was_too_slow_to_start_says_nothing_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with unstarted(monkeypatch, doomed=4) as sandbox:
        assert sandbox.run([GOOD])[0].outcome is Outcome.CORRECT
    with (
        unstarted(monkeypatch, doomed=9) as sandbox,
        pytest.raises(TaskError, match="cannot be graded here"),
    ):
        sandbox.run([GOOD])
