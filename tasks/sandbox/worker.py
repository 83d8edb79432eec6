"""One warm sandbox process, seen from outside: jobs in, verdicts out, destroyed when it fails."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from dataclasses import asdict, dataclass

from srpo_bench.tasks.base import Grade, Outcome
from srpo_bench.tasks.sandbox.inside import wire
from srpo_bench.tasks.sandbox.launch import launch
from srpo_bench.tasks.sandbox.modes import ENVIRONMENT, Mode
from srpo_bench.tasks.sandbox.scratch import Scratch
from srpo_bench.tasks.sandbox.seccomp import filter_program
from srpo_bench.tasks.sandbox.users import a_number, user

_START_SECONDS = 60
"""What a sandbox is given to start, and half a message to become whole."""
_SLACK_SECONDS = 10
"""How much longer than a program may take a worker is waited for before it is destroyed."""


@dataclass(frozen=True)
class Limits:
    """What one program may use. CPU time decides; wall-clock time only catches sleepers.

    A program that has used less than 0.3 % of its CPU time within ``wall_seconds`` is taken
    to be asleep. One that computes is waited for three times as long, on a crowded machine thirty.
    """

    cpu_seconds: float = 3.0
    wall_seconds: float = 10.0
    memory: int = 512 << 20
    """Bytes of address space."""
    file_size: int = 16 << 20
    """Bytes of any one file."""


@dataclass(frozen=True)
class Program:
    """An untrusted program and the trusted tests that judge it.

    ``tests`` is source that defines ``check(candidate)``. It runs apart from the program: names
    that neither it nor ``prelude`` (more trusted source, for example helpers that the problem
    gives) defines are looked up in the program and called from afar, by value.
    """

    code: str
    tests: str
    entry_point: str
    prelude: str = ""


@dataclass(frozen=True)
class Verdict:
    """How a program ended, with a few words for the records."""

    outcome: Outcome
    detail: str = ""
    repeatable: bool = True
    """False where the clock or addresses may have decided: never to be remembered."""

    @property
    def grade(self) -> Grade:
        """The grade of the response that holds the program; its form is right when it is Python at
        all."""
        is_python = self.outcome is not Outcome.UNPARSEABLE
        return Grade(self.outcome, format=float(is_python), repeatable=self.repeatable)


class WorkerDiedError(Exception):
    """There will be no verdict from this worker; the message says why.

    started: whether it was ready once. A worker that was not has not seen the program.
    """

    def __init__(self, why: str, started: bool = True) -> None:
        super().__init__(why)
        self.started = started


class Worker:
    """A process that grades one program at a time. Not for use from several threads.

    Raises:
        WorkerDiedError: it does not even start.
    """

    def __init__(self, mode: Mode, limits: Limits) -> None:
        self._limits = limits
        self._scratch: Scratch | None = None
        number = a_number() if user(mode) == "nobody" else None
        try:
            self._control, theirs = socket.socketpair()
        except OSError as error:
            raise WorkerDiedError(f"the sandbox does not start: {error}", started=False) from None
        try:
            if mode == "landlock":
                self._scratch = Scratch(number)
            self._process = self._start(mode, number, theirs)
        except OSError as error:
            self._forget()
            raise WorkerDiedError(f"the sandbox does not start: {error}", started=False) from None
        finally:
            theirs.close()
        self._started = False
        self._control.settimeout(_START_SECONDS)
        self._verdicts = wire.Reader(self._read)
        self.deadline = float("inf")

    def _start(
        self, mode: Mode, number: int | None, theirs: socket.socket
    ) -> subprocess.Popen[bytes]:
        command, settings = launch(mode, number, self._scratch.path if self._scratch else None)
        settings["limits"] = asdict(self._limits)
        settings["control"] = theirs.fileno()
        program = filter_program() if mode != "unsafe" else None
        settings["seccomp"] = (program or b"").hex()
        return subprocess.Popen(
            [*command, json.dumps(settings)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )

    def fileno(self) -> int:
        """What to poll for a verdict."""
        return self._control.fileno()

    def submit(self, program: Program) -> None:
        """Begin grading; ``receive`` has the verdict once ``fileno()`` is readable."""
        patience: float = _SLACK_SECONDS if self._started else _START_SECONDS
        patience += (wire.PATIENCE + 1) * self._limits.wall_seconds
        self.deadline = time.monotonic() + patience
        # a failed send is noticed by receive
        with contextlib.suppress(OSError):
            self._control.sendall(wire.frame(vars(program)))

    def receive(self) -> Verdict | None:
        """The verdict on what was submitted last; None if what came was no more than "ready".

        Raises:
            WorkerDiedError: there will be none; destroy this worker.
        """
        try:
            message = self._verdicts.message()
            if not self._started and message == "ready":
                self._started = True
                if not self._verdicts.pending:
                    return None
                message = self._verdicts.message()  # it came in one piece with "ready"
            outcome, detail = message
            if outcome != "died":
                return Verdict(Outcome(outcome), detail)
        except (OSError, wire.WireError, ValueError, TypeError):
            detail = "the sandbox ended" if self._started else self._why_not()
        raise WorkerDiedError(detail, self._started)

    def _why_not(self) -> str:
        """Why it did not start, by its last words."""
        assert self._process.stderr is not None
        self._process.kill()
        words = self._process.stderr.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(words) if line.strip()), "no reason given")
        return f"the sandbox does not start: {last[:300]}"

    def _read(self, count: int) -> bytes:
        data = self._control.recv(count)
        if not data:
            raise ConnectionError("the sandbox hung up")
        return data

    def destroy(self) -> None:
        """Kill everything inside and leave nothing behind."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, 9)
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._forget()

    def _forget(self) -> None:
        self._control.close()
        if self._scratch is not None:
            self._scratch.remove()
