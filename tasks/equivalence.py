"""Are two mathematical answers the same? math-verify's judgement, in bounded time and memory.

math-verify hands model-written text to sympy, where a short answer can cost hours and gigabytes.
So it runs in a process of its own; limits are kept from here, and a grader that breaks one is
killed and replaced. A grader's death is no verdict: what it was at is graded again.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from srpo_bench.children import python_path
from srpo_bench.tasks import claims, readings
from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.equivalence_worker import PID
from srpo_bench.tasks.patience import SilentError, wait_for
from srpo_bench.tasks.sandbox.inside import wire
from srpo_bench.tasks.sandbox.inside.limits import cpu_clock

_BATCH = 32
_STARTS = 3
_START_SECONDS = 120
_CONTROL = (r"\frac{1}{2}", "0.5")
"""What any grader can grade."""


@dataclass(frozen=True)
class EquivalenceLimits:
    """What one comparison may use."""

    cpu_seconds: float = 2.0
    idle_seconds: float = 30.0
    """Without any CPU time at all: it is stopped. One that is merely starved gets a little."""
    memory: int = 2 << 30
    """Bytes of address space of a grader, sympy included."""


class Judgement(NamedTuple):
    """On one answer. ``repeatable`` is false where processor time or deaths decided."""

    outcome: Outcome
    repeatable: bool = True


def equivalent(pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
    """The outcomes of ``judge``."""
    return [judgement.outcome for judgement in judge(pairs)]


def judge(pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
    """A judgement on each (gold, answer): CORRECT when they are mathematically the same.

    UNPARSEABLE: the answer is no mathematics, or too long or too large to evaluate.
    TIMEOUT: it could not be decided in time.   ERROR: the gold answer cannot be read.
    WRONG: it is another, or graders die of it.

    Raises:
        TaskError: mathematics cannot be graded on this machine.
    """
    said = {pair: _claims(*pair) for pair in dict.fromkeys(pairs)}
    read = {claim: readings.of(*claim) for each in said.values() for claim in each}
    open_ = dict.fromkeys(r for ways in read.values() if isinstance(ways, list) for r in ways)
    judged = {pair: Judgement(outcome) for pair in open_ if (outcome := readings.plainly(*pair))}
    rest = [pair for pair in open_ if pair not in judged]
    if rest:
        with _one_at_a_time:
            judged.update(zip(rest, _shared().compare(rest), strict=True))
    verdicts = {
        pair: Judgement(ways) if isinstance(ways, Outcome) else _best([judged[r] for r in ways])
        for pair, ways in read.items()
    }
    return [_worst([verdicts[claim] for claim in said[pair]]) for pair in pairs]


def _claims(gold: str, answer: str) -> list[tuple[str, str]]:
    return [(gold, claim) for claim in claims.said(gold, answer)]


def _worst(judged: Sequence[Judgement]) -> Judgement:
    """All that is said must be right; where it is not, the first that is not decides."""
    return next((each for each in judged if each.outcome is not Outcome.CORRECT), judged[0])


def _best(tried: Sequence[Judgement]) -> Judgement:
    """One right reading is enough; without one it hangs on all of them."""
    right = [each for each in tried if each.outcome is Outcome.CORRECT]
    return (
        right[0] if right else Judgement(tried[0].outcome, all(each.repeatable for each in tried))
    )


def _judged(outcome: Outcome) -> Judgement:
    return Judgement(outcome, outcome is not Outcome.TIMEOUT)  # another machine may be faster


class Equivalence:
    """A warm math-verify process. Not for use from several threads.

    Raises:
        TaskError: it does not start.
    """

    def __init__(self, limits: EquivalenceLimits | None = None) -> None:
        self._limits = limits or EquivalenceLimits()
        self._start()

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """One judgement a pair. What breaks a limit costs a grader; the rest goes to the next one.

        What a grader dies of is graded again, and if the next one dies too, once more alone after
        all others.

        Raises:
            TaskError: graders die whatever they are given.
        """
        judged: dict[int, Judgement] = {}
        died: Counter[int] = Counter()
        waiting = list(range(len(pairs)))
        while waiting:
            batch = waiting[:_BATCH]
            graded, failed = self._grade([pairs[i] for i in batch])
            judged.update(zip(batch, map(_judged, graded), strict=False))
            waiting = waiting[len(graded) :]
            if failed:
                died[waiting[0]] += 1
                if died[waiting[0]] == 2:
                    waiting = waiting[1:]
        for number in (number for number, deaths in died.items() if deaths == 2):
            judged[number] = self._grade_alone(pairs[number])
        return [judged[number] for number in range(len(pairs))]

    def _grade(self, batch: Sequence[tuple[str, str]]) -> tuple[list[Outcome], bool]:
        """Outcomes up to the first that broke a limit, or that a grader failed at; and whether it
        failed. The next grader is a fresh one then."""
        outcomes: list[Outcome] = []
        try:
            # small enough to fit the socket's buffers, both ways
            self._grader.sendall(b"".join(wire.frame(pair) for pair in batch))
            for _ in batch:
                outcomes.append(self._next_outcome())
        except TimeoutError:
            self._new_grader()
            return [*outcomes, Outcome.TIMEOUT], False
        except (OSError, wire.WireError, ValueError, SilentError):
            self._new_grader()
            return outcomes, True
        return outcomes, False

    def _grade_alone(self, pair: tuple[str, str]) -> Judgement:
        """A pair that two graders have died of, on a fresh one. If that dies too while another can
        still grade, it is the answer's own doing."""
        self._new_grader()
        graded, failed = self._grade([pair])
        if not failed:
            return _judged(graded[0])
        if self._grade([_CONTROL]) != ([Outcome.CORRECT], False):
            raise TaskError(
                "Mathematics cannot be graded here: the math-verify process dies even of "
                f"{_CONTROL[0]} = {_CONTROL[1]}. It may use {self._limits.memory >> 20} MiB of "
                "memory; free some, then resume."
            )
        return Judgement(Outcome.WRONG, repeatable=False)

    def close(self) -> None:
        """End the process and its grader."""
        self._grader.close()
        self._server.close()
        assert self._process.stderr is not None
        self._process.stderr.close()
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, 9)
        self._process.wait()

    def _start(self) -> None:
        """Start the server. One that dies as it starts is tried again.

        Raises:
            TaskError: it dies every time.
        """
        for left in reversed(range(_STARTS)):
            try:
                return self._start_once()
            except TaskError:
                if not left:
                    raise

    def _start_once(self) -> None:
        self._server, theirs = socket.socketpair()
        self._grader = socket.socket()  # until there is one
        module = [sys.executable, "-P", "-m", "srpo_bench.tasks.equivalence_worker"]
        try:
            self._process = subprocess.Popen(
                [*module, str(theirs.fileno()), str(self._limits.memory)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": python_path(), "PYTHONHASHSEED": "0"},
                start_new_session=True,
            )
        except OSError as error:
            raise TaskError(f"The math grader does not start: {error}.") from error
        theirs.close()
        self._server_clock = cpu_clock(self._process.pid)
        with contextlib.suppress(OSError, SilentError):
            if self._from_server(1) == b"r":
                self._ask_for_grader()
                return
        assert self._process.stderr is not None
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, 9)
        lines = self._process.stderr.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no reason given")
        self.close()
        raise TaskError(f"The math grader does not start: {last[:300]}")

    def _new_grader(self) -> None:
        """A fresh grader, from a fresh server where the old one has died."""
        try:
            self._ask_for_grader()
        except (OSError, SilentError):
            self.close()
            self._start()

    def _ask_for_grader(self) -> None:
        self._grader.close()
        self._grader, theirs = socket.socketpair()
        socket.send_fds(self._server, [b"f"], [theirs.fileno()])
        theirs.close()
        pid = self._from_server(PID.size)
        if len(pid) < PID.size:
            raise ConnectionError("the server ended")
        self._clock = cpu_clock(PID.unpack(pid)[0])
        self._used = 0.0
        self._replies = wire.Reader(self._read)

    def _from_server(self, count: int) -> bytes:
        used = time.clock_gettime(self._server_clock)
        wait_for(self._server, self._server_clock, used + _START_SECONDS, _START_SECONDS)
        return self._server.recv(count, socket.MSG_WAITALL)

    def _next_outcome(self) -> Outcome:
        """What the grader says. Its own clock tells what the pair took: it reads ahead, and by the
        time its answer is seen here it may have worked on the next."""
        outcome, used = self._replies.message()
        taken, self._used = used - self._used, used
        return Outcome(outcome) if taken <= self._limits.cpu_seconds else Outcome.TIMEOUT

    def _read(self, count: int) -> bytes:
        last = self._used + self._limits.cpu_seconds
        wait_for(self._grader, self._clock, last, self._limits.idle_seconds)
        data = self._grader.recv(count)
        if not data:
            raise ConnectionError("the grader ended")
        return data


_processes: dict[int, Equivalence] = {}
_one_at_a_time = threading.Lock()


def _shared() -> Equivalence:
    owner = os.getpid()  # a forked child must not use its parent's
    if owner not in _processes:
        _processes[owner] = Equivalence()
    return _processes[owner]


@atexit.register
def _close_shared() -> None:
    process = _processes.pop(os.getpid(), None)
    if process is not None:
        process.close()
