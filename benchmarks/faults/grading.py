"""One long run of grading in which the processes of the graders are killed or stopped."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.faults.processes import MATH, SANDBOX, send, tree
from benchmarks.faults.table import Row
from srpo_bench.tasks.equivalence import Equivalence
from srpo_bench.tasks.sandbox import Program, Sandbox
from srpo_bench.tasks.sandbox.modes import Mode

_TESTS = "def check(f):\n    assert f(2) == 4\n    assert f(3) == 9\n"
_WORK = "sum(range(200_000))"
_CODES = (
    f"def f(x):\n    {_WORK}\n    return x * x",
    f"def f(x):\n    {_WORK}\n    return x + x",
    f"{_WORK}\ndef f(x): raise ValueError(x)",
    f"{_WORK}\ndef f(x): return",
    "def f(x:",
    "import time\ndef f(x):\n    time.sleep(.02)\n    return x * x",
    "import random\ndef f(x): return x * x if random.Random().random() < .5 else 0",
    "import secrets\ndef f(x): return x * x if secrets.randbelow(2) else 0",
    "import tempfile\ndef f(x):\n    with tempfile.TemporaryFile() as h: return x * x",
    "import os\ndef f(x): os._exit(0)",
    "def f(x): return f(x)",
)  # fmt: skip
_PAIRS = tuple(
    (gold, answer)
    for gold in (r"\frac{1}{2}", r"\sqrt{8}", "x^2-1", r"(1,2)", r"\frac{\pi}{4}", "2^{10}")
    for answer in ("0.5", r"2\sqrt{2}", "(x-1)(x+1)", r"(1, 2)", "1024", r"\frac{", r"\pi/4")
)

_PATIENCE = 10
"""Turns without a process of the kind before all are started afresh, which takes a turn or two."""

Grade = Callable[[int], Sequence[object]]


def sandbox_rows(kills: int, stops: int, seconds: float, mode: Mode, seed: int) -> Iterator[Row]:
    """Rows for every process of a sandbox in ``mode``, all in one run of one sandbox."""

    def programs(turn: int) -> list[Program]:
        return [Program(f"{code}\n# {turn}", _TESTS, "f") for code in _CODES]

    with Sandbox(workers=2, mode=mode) as sandbox:
        kinds = [k for k in SANDBOX if k != "bubblewrap" or mode == "bubblewrap"]

        def grade(turn: int) -> list[object]:
            return [verdict.outcome for verdict in sandbox.run(programs(turn))]

        # without its bubblewrap a sandbox works on, but is nobody's child any more
        for row in _rows(kinds, grade, sandbox.close, kills, stops, seconds, seed):
            yield Row(f"{row.fault} ({mode})", row.trials, row.differences)


def math_rows(kills: int, stops: int, seconds: float, seed: int) -> Iterator[Row]:
    """Rows for the processes that compare mathematical answers."""
    equivalence = Equivalence()
    try:
        yield from _rows(
            MATH, lambda _: equivalence.compare(_PAIRS), lambda: None, kills, stops, seconds, seed
        )
    finally:
        equivalence.close()


def _rows(
    kinds: Sequence[str],
    grade: Grade,
    renew: Callable[[], None],
    kills: int,
    stops: int,
    seconds: float,
    seed: int,
) -> Iterator[Row]:
    """One fault a turn, at a random moment of it, so that no answer meets two. ``renew`` starts
    the processes afresh where there are none of the kind any more."""
    rng = random.Random(seed)
    right = grade(0)
    start = time.monotonic()
    assert grade(1) == right, "grading differs from turn to turn without any fault"
    length = time.monotonic() - start
    turn = 1
    for number, count in ((signal.SIGKILL, kills), (signal.SIGSTOP, stops)):
        for kind in kinds:
            struck = missed = differences = 0
            while struck < count:
                turn += 1
                strike = _Strike(kind, number, seconds, rng.uniform(0, length), rng.random())
                strike.start()
                verdict = grade(turn)
                strike.join()
                struck += strike.struck
                missed += not strike.struck
                if not strike.struck and missed % _PATIENCE == 0:
                    renew()
                differences += sum(a != b for a, b in zip(verdict, right, strict=True))
            name = "SIGKILL" if number == signal.SIGKILL else f"SIGSTOP for {seconds:g} s"
            yield Row(f"{name}: {kind}", count, differences)


class _Strike(threading.Thread):
    """After ``delay`` seconds one process of ``kind`` gets the signal; a stopped one goes on."""

    def __init__(
        self, kind: str, number: signal.Signals, seconds: float, delay: float, share: float
    ) -> None:
        super().__init__()
        self._plan = (kind, number, seconds, delay, share)
        self.struck = False

    def run(self) -> None:
        """Strike once."""
        kind, number, seconds, delay, share = self._plan
        time.sleep(delay)
        victims = tree(os.getpid())[kind]
        if not victims:
            return
        victim = victims[int(share * len(victims))]
        self.struck = send(victim, number)
        if number == signal.SIGSTOP:
            time.sleep(seconds)
            send(victim, signal.SIGCONT)
