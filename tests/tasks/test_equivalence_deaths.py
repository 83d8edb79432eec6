"""A math grader that dies, hangs or starves is no verdict: real processes are struck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.equivalence import Equivalence, EquivalenceLimits, Judgement

pytestmark = pytest.mark.integration

GRADED = [
    ("x+1", "1+x"),
    ("x+1", "x+2"),
    (r"\frac{1}{2}", "0.5"),
    ("2", r"\sqrt{4}"),
    ("3", "1+1"),
] * 9
RIGHT = [
    Judgement(Outcome.CORRECT if same else Outcome.WRONG)
    for same in (True, False, True, True, False)
] * 9


class Troubled(Equivalence):
    """Something happens before some outcomes are read."""

    trouble: Callable[[Troubled, int], None]

    def __init__(self, trouble: Callable[[Troubled, int], None], **limits: float) -> None:
        self.reads, self.trouble, self.graders = 0, trouble, 0
        super().__init__(EquivalenceLimits(**limits))  # type: ignore[arg-type]

    def _next_outcome(self) -> Outcome:
        self.reads += 1
        self.trouble(self, self.reads)
        return super()._next_outcome()

    def _ask_for_grader(self) -> None:
        self.graders += 1
        super()._ask_for_grader()

    def signal(self, number: int, whom: str = "grader") -> None:
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        os.kill(server if whom == "server" else int(children[0]), number)


def compare_with(trouble: Callable[[Troubled, int], None], **limits: float) -> list[Judgement]:
    process = Troubled(trouble, **limits)
    try:
        return process.compare(GRADED)
    finally:
        process.close()


@pytest.mark.parametrize("whom", ["grader", "server"])
def test_a_death_is_no_verdict(whom: str) -> None:
    def kill(process: Troubled, read: int) -> None:
        if read % 7 == 3:
            process.signal(signal.SIGKILL, whom)

    assert compare_with(kill) == RIGHT


def test_a_grader_that_is_stopped_is_no_verdict() -> None:
    def stop(process: Troubled, read: int) -> None:
        if read == 5:
            process.signal(signal.SIGSTOP)

    assert compare_with(stop, idle_seconds=1.0) == RIGHT


COSTLY = ("1", r"\int_0^1 \frac{1}{1+x^5} dx")
"""Some seconds of CPU time; the next takes a tenth of it."""
FAIR = ("x^{99}+1", "(x+1)^{99}")


def test_time_is_the_graders_own_however_late_its_answer_is_read() -> None:
    def starve_us(process: Troubled, read: int) -> None:
        used = -1.0
        while used != (used := time.clock_gettime(process._clock)):
            time.sleep(1.0)  # until it has done all that it was sent

    process = Troubled(starve_us, cpu_seconds=0.5)
    judged = process.compare([GRADED[0], COSTLY, GRADED[0]])
    process.close()
    assert judged == [RIGHT[0], Judgement(Outcome.TIMEOUT, repeatable=False), RIGHT[0]]


def test_a_starved_grader_is_waited_for() -> None:
    """It gets a fifth of the time, in pieces, so that an answer takes longer than it may idle."""
    over = threading.Event()

    def starve(process: Troubled, read: int) -> None:
        if read == 1:
            thread.start()

    def seldom() -> None:
        while not over.wait(0.05):
            process.signal(signal.SIGSTOP)
            over.wait(0.2)
            process.signal(signal.SIGCONT)

    thread = threading.Thread(target=seldom)
    process = Troubled(starve, idle_seconds=1.0)
    try:
        assert process.compare([FAIR, GRADED[0]]) == [Judgement(Outcome.WRONG), RIGHT[0]]
        assert process.graders == 1
    finally:
        over.set()
        thread.join()
        process.close()


def test_what_two_graders_died_at_is_graded_alone_after_all_others() -> None:
    def kill(process: Troubled, read: int) -> None:
        if read in (1, 2):  # the first pair, and the same pair again
            process.signal(signal.SIGKILL)

    assert compare_with(kill) == RIGHT


def test_what_every_grader_dies_of_is_wrong() -> None:
    def kill(process: Troubled, read: int) -> None:
        if read in (1, 2, len(GRADED) + 2):  # the first pair, again, and alone
            process.signal(signal.SIGKILL)

    assert compare_with(kill) == [Judgement(Outcome.WRONG, repeatable=False), *RIGHT[1:]]


def test_where_nothing_can_be_graded_a_sentence_says_so() -> None:
    process = Troubled(lambda process, read: process.signal(signal.SIGKILL))
    with pytest.raises(TaskError, match=r"^Mathematics cannot be graded here: .*2048 MiB"):
        process.compare(GRADED)
    process.close()


def test_a_grader_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TaskError, match=r"The math grader does not start: .*No such file"):
        Equivalence()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TaskError, match=r"The math grader does not start: no reason given"):
        Equivalence()


def test_a_server_that_dies_as_it_starts_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = ["/bin/false", "/bin/false", sys.executable]

    def start(command: list[str], **settings: Any) -> Any:
        return popen([programs.pop(0), *command[1:]], **settings)

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", start)
    process = Equivalence()
    assert process.compare(GRADED) == RIGHT
    process.close()
    assert not programs
