"""Are two mathematical answers the same? math-verify's judgement, in bounded time and memory.

math-verify hands model-written text to sympy, where a short answer can cost hours and gigabytes.
So it runs in a process of its own; limits are kept from here, and a grader that breaks one is
killed and replaced.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from srpo_bench.children import python_path
from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.equivalence_worker import PID
from srpo_bench.tasks.sandbox.inside import wire

MAX_ANSWER = 500
"""Characters of an answer worth reading; the longest gold answer of MATH-500 has far fewer."""
_MAX_DEPTH = 12
_BATCH = 32
_START_SECONDS = 120
_WHOLE = re.compile(r"-?\d{1,15}")
_EXPLOSIVE = re.compile(
    r"""
    (?:\^|\*\*)\s*[{(]*\s*-?\d{5,}                  # an exponent of five or more digits
    | (?:\^|\*\*)\s*[{(]*\s*\d+\s*[})]*\s*(?:\^|\*\*|!)   # a tower of powers
    | \d{4,}\s*[)}]*\s*! | !\s*[)}]*\s*!            # large or repeated factorials
    | (?:(?:\^|\*\*)\s*[{(]*\s*\d{2,}[^+\-]*){3,}   # powers of powers
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class EquivalenceLimits:
    """What one comparison may use."""

    cpu_seconds: float = 2.0
    wall_seconds: float = 30.0
    memory: int = 2 << 30
    """Bytes of address space of a grader, sympy included."""


def equivalent(pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
    """An outcome for each (gold, answer): CORRECT when they are mathematically the same.

    UNPARSEABLE: the answer is no mathematics, or too long or too large to evaluate.
    TIMEOUT: it could not be decided in time.   ERROR: the gold answer cannot be read.
    """
    distinct = list(dict.fromkeys(pairs))
    outcomes = {pair: outcome for pair in distinct if (outcome := _at_sight(*pair))}
    rest = [pair for pair in distinct if pair not in outcomes]
    if rest:
        outcomes.update(zip(rest, _shared().compare(rest), strict=True))
    return [outcomes[pair] for pair in pairs]


def _at_sight(gold: str, answer: str) -> Outcome | None:
    """What needs no algebra: the same text, two whole numbers, and what must not be evaluated."""
    gold, answer = gold.strip(), answer.strip()
    if gold == answer:
        return Outcome.CORRECT
    if not answer or len(answer) > MAX_ANSWER or _EXPLOSIVE.search(answer):
        return Outcome.UNPARSEABLE
    if _depth(answer) > _MAX_DEPTH:  # the parser's time grows steeply with it
        return Outcome.UNPARSEABLE
    if _WHOLE.fullmatch(gold) and _WHOLE.fullmatch(answer):
        return Outcome.CORRECT if int(gold) == int(answer) else Outcome.WRONG
    return None


def _depth(text: str) -> int:
    """How deep its brackets nest."""
    steps = (1 if bracket in "{([" else -1 for bracket in text if bracket in "{([])}")
    return max(accumulate(steps), default=0)


class Equivalence:
    """A warm math-verify process. Not for use from several threads."""

    def __init__(self, limits: EquivalenceLimits | None = None) -> None:
        self._limits = limits or EquivalenceLimits()
        self._server, theirs = socket.socketpair()
        module = [sys.executable, "-P", "-m", "srpo_bench.tasks.equivalence_worker"]
        self._process = subprocess.Popen(
            [*module, str(theirs.fileno()), str(self._limits.memory)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": python_path(), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        theirs.close()
        self._server.settimeout(_START_SECONDS)
        if self._server.recv(1) != b"r":
            raise RuntimeError("the math-verify process did not start")
        self._new_grader()

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        """One outcome a pair. What breaks a limit costs a grader; the rest goes to the next one."""
        outcomes: list[Outcome] = []
        while len(outcomes) < len(pairs):
            batch = pairs[len(outcomes) : len(outcomes) + _BATCH]
            try:
                # small enough to fit the socket's buffers, both ways
                self._grader.sendall(b"".join(wire.frame(pair) for pair in batch))
                for _ in batch:
                    outcomes.append(self._next_outcome())
            except TimeoutError:
                outcomes.append(Outcome.TIMEOUT)
                self._new_grader()
            except (OSError, wire.WireError, ValueError):  # it died: out of memory, most likely
                outcomes.append(Outcome.UNPARSEABLE)
                self._new_grader()
        return outcomes

    def close(self) -> None:
        """End the process and its grader."""
        self._grader.close()
        self._server.close()
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, 9)
        self._process.wait()

    def _new_grader(self) -> None:
        self._grader, theirs = socket.socketpair()
        socket.send_fds(self._server, [b"f"], [theirs.fileno()])
        theirs.close()
        (pid,) = PID.unpack(self._server.recv(PID.size, socket.MSG_WAITALL))
        self._clock = (~pid << 3) | 2  # the kernel's number for a process's CPU clock
        self._replies = wire.Reader(self._read)

    def _next_outcome(self) -> Outcome:
        self._start = time.monotonic()
        self._used = time.clock_gettime(self._clock)
        return Outcome(self._replies.message())

    def _read(self, count: int) -> bytes:
        """What the grader sends, once it does; TimeoutError when its time is used up."""
        poll = select.poll()
        poll.register(self._grader, select.POLLIN)
        while True:
            left = min(
                self._limits.cpu_seconds - (time.clock_gettime(self._clock) - self._used),
                self._limits.wall_seconds - (time.monotonic() - self._start),
            )
            if left <= 0:
                raise TimeoutError
            if poll.poll(1000 * left + 1):
                break
        data = self._grader.recv(count)
        if not data:
            raise ConnectionError("the grader ended")
        return data


_processes: dict[int, Equivalence] = {}


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
