"""One warm sandbox process, seen from outside: jobs in, verdicts out, destroyed when it fails."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import time
from dataclasses import asdict, dataclass

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.sandbox.inside import wire
from srpo_bench.tasks.sandbox.modes import ENVIRONMENT, Mode, launch
from srpo_bench.tasks.sandbox.seccomp import filter_program

_START_SECONDS = 60
_SLACK_SECONDS = 10
"""How much longer than a program may take a worker is waited for before it is destroyed."""


@dataclass(frozen=True)
class Limits:
    """What one program may use. CPU time decides; wall-clock time only catches sleepers.

    A program that has used less than a thirtieth of its CPU time within ``wall_seconds`` is taken
    to be asleep; on a crowded machine one that computes is waited for.
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


class WorkerDiedError(Exception):
    """The worker ended or fell silent; ``silent`` tells which."""

    def __init__(self, silent: bool) -> None:
        super().__init__("the sandbox fell silent" if silent else "the sandbox ended")
        self.silent = silent


class Worker:
    """A process that grades one program at a time. Not for use from several threads."""

    def __init__(self, mode: Mode, limits: Limits) -> None:
        self._limits = limits
        self._control, theirs = socket.socketpair()
        command, settings = launch(mode)
        settings["limits"] = asdict(limits)
        settings["control"] = theirs.fileno()
        program = filter_program() if mode != "unsafe" else None
        settings["seccomp"] = base64.b64encode(program or b"").decode()
        self._process = subprocess.Popen(
            [*command, json.dumps(settings)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )
        theirs.close()
        self._mode = mode
        self._started = False
        self._control.settimeout(_START_SECONDS)
        self._verdicts = wire.Reader(self._read)
        self.deadline = float("inf")

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

    def receive(self) -> Verdict:
        """The verdict on what was submitted last.

        Raises:
            WorkerDiedError: there will be none; destroy this worker.
            TaskError: the sandbox does not start.
        """
        if not self._started:
            self._finish_start()
        try:
            outcome, detail = self._verdicts.message()
            return Verdict(Outcome(outcome), detail)
        except (OSError, wire.WireError, ValueError, TypeError):
            raise WorkerDiedError(silent=False) from None

    def _finish_start(self) -> None:
        assert self._process.stderr is not None
        try:
            ready = self._verdicts.message() == "ready"
        except (OSError, wire.WireError):
            ready = False
        if not ready:
            self._process.kill()
            reason = self._process.stderr.read().decode(errors="replace").split("\n")
            self.destroy()
            last = next((line for line in reversed(reason) if line.strip()), "no reason given")
            raise TaskError(f"The code sandbox ({self._mode}) does not start: {last[:300]}")
        self._process.stderr.close()
        self._started = True

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
        self._control.close()
