"""Programs in, verdicts out, over a few warm workers that are replaced when one fails."""

from __future__ import annotations

import atexit
import os
import select
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Self

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.sandbox.inside.wire import MAX_MESSAGE
from srpo_bench.tasks.sandbox.memory import Memory
from srpo_bench.tasks.sandbox.modes import Mode, isolation
from srpo_bench.tasks.sandbox.repeatable import repeatable
from srpo_bench.tasks.sandbox.worker import Limits, Program, Verdict, Worker, WorkerDiedError

_MAX_SOURCE = MAX_MESSAGE // 8
"""Characters of one program; JSON may need six bytes for each."""
_STARTS = 3
_OURS = Program("def f(x):\n    return x\n", "def check(f):\n    assert f(1) == 1\n", "f")
"""Graded where nothing else can be, to tell whose fault that is."""


class Sandbox:
    """A context manager that grades programs, ``workers`` at a time.

    Args:
        workers: processes side by side; each starts when first needed.
        limits: what each program may use.
        mode: forces an isolation (for tests); by default the machine's strongest.

    Raises:
        TaskError: this machine grants no acceptable isolation.
    """

    def __init__(self, workers: int = 1, limits: Limits | None = None, mode: Mode | None = None):
        granted = isolation()
        self.mode: Mode = mode or granted.mode
        if self.mode == "none":
            raise TaskError(f"Code cannot be graded here: {granted.why}")
        self._limits = limits or Limits()
        self._size = workers
        self._idle: list[Worker] = []
        self._memory = Memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        while self._idle:
            self._idle.pop().destroy()

    def run(self, programs: Sequence[Program]) -> list[Verdict]:
        """One verdict a program, in order. Equal programs are run once, in later calls not at all
        where it is proved that the verdict is the same."""
        verdicts: dict[Program, Verdict] = {}
        waiting = []
        for program in dict.fromkeys(programs):
            if kept := self._memory.verdict(program):
                verdicts[program] = kept
            elif len(program.code) > _MAX_SOURCE:
                verdicts[program] = Verdict(Outcome.UNPARSEABLE, "too long to be run")
            else:
                waiting.append(program)
        for program, verdict in self._run(waiting):
            settled = verdict.repeatable and verdict.outcome is not Outcome.TIMEOUT
            verdict = replace(verdict, repeatable=settled and repeatable(program.code))
            self._memory.keep(program, verdict)
            verdicts[program] = verdict
        return [verdicts[program] for program in programs]

    def _run(self, programs: list[Program]) -> Iterable[tuple[Program, Verdict]]:
        """A death is no verdict: the program goes to a fresh worker, and if that dies too, last and
        alone to a third."""
        waiting = programs[::-1]
        died: set[Program] = set()
        alone: list[Program] = []
        busy: dict[Worker, Program] = {}
        graded: list[tuple[Program, Verdict]] = []

        def bury(program: Program) -> None:
            (alone if program in died else waiting).append(program)
            died.add(program)

        try:
            while waiting or busy or graded:
                while waiting and len(busy) < self._size + len(_lent):
                    program = waiting.pop()
                    try:
                        worker = self._worker(fresh=program in died)
                        worker.submit(program)
                        busy[worker] = program
                    except WorkerDiedError:
                        bury(program)
                yield from graded  # once no worker is idle that has work
                graded.clear()
                for worker in _ready(busy) if busy else []:
                    try:
                        verdict = _verdict(worker)
                    except WorkerDiedError:
                        worker.destroy()
                        bury(busy.pop(worker))
                        continue
                    if verdict is not None:
                        self._idle.append(worker)
                        graded.append((busy.pop(worker), verdict))
        finally:
            for worker in busy:
                worker.destroy()
        for program in alone:
            yield program, self._alone(program)

    def _worker(self, fresh: bool) -> Worker:
        return self._idle.pop() if self._idle and not fresh else Worker(self.mode, self._limits)

    def _alone(self, program: Program) -> Verdict:
        """Nothing of ours runs beside it: another death is the program's own doing, unless it has
        not been seen, or nothing can be graded at all.

        Raises:
            TaskError: not even a program of ours can.
        """
        for _ in range(_STARTS):
            try:
                return self._grade(program)
            except WorkerDiedError as death:
                try:
                    self._grade(_OURS)
                except WorkerDiedError as again:
                    raise self._useless(again) from None
                if death.started:
                    detail = f"three sandboxes ended under it: {death}"
                    return Verdict(Outcome.WRONG, detail, repeatable=False)
                unseen = death
        raise self._useless(unseen)

    def _useless(self, why: WorkerDiedError) -> TaskError:
        return TaskError(f"Code cannot be graded here any more ({self.mode}): {why}.")

    def _grade(self, program: Program) -> Verdict:
        worker = Worker(self.mode, self._limits)
        try:
            worker.submit(program)
            while True:
                (ready,) = _ready([worker])
                if verdict := _verdict(ready):
                    return verdict
        finally:
            worker.destroy()


def _ready(busy: Iterable[Worker]) -> list[Worker]:
    """Workers with something to say, or past their deadline; waits until there is one."""
    poll = select.poll()
    workers = {worker.fileno(): worker for worker in busy}
    for descriptor in workers:
        poll.register(descriptor, select.POLLIN)
    while True:
        first = min(worker.deadline for worker in workers.values())
        ready = poll.poll(max(0.0, 1000 * (first - time.monotonic())) + 1)
        if ready:
            return [workers[descriptor] for descriptor, _ in ready]
        late = [worker for worker in workers.values() if worker.deadline <= time.monotonic()]
        if late:
            return late


def _verdict(worker: Worker) -> Verdict | None:
    if worker.deadline <= time.monotonic() and not select.select([worker], [], [], 0)[0]:
        raise WorkerDiedError("the sandbox fell silent")
    return worker.receive()


_lent: list[int] = []
"""Threads of this process that only wait for verdicts: the core of each is free."""


@contextmanager
def waiting_for_verdicts() -> Iterator[None]:
    """Meanwhile one program more runs side by side, on the core of the thread that waits."""
    thread = threading.get_ident()
    _lent.append(thread)
    try:
        yield
    finally:
        _lent.remove(thread)


_shared: dict[tuple[int, Limits], Sandbox] = {}
_one_at_a_time = threading.Lock()


def run_programs(programs: Sequence[Program], limits: Limits | None = None) -> list[Verdict]:
    """Grade with this process's own warm sandbox, started at first use; one caller at a time.

    As many programs run side by side as the process may have threads: ``OMP_NUM_THREADS``, which
    is its share of the cores.
    """
    key = (os.getpid(), limits or Limits())  # a forked child must not use its parent's
    with _one_at_a_time:
        if key not in _shared:
            workers = int(os.environ.get("OMP_NUM_THREADS", "1").split(",")[0])
            _shared[key] = Sandbox(workers, limits=key[1])
        return _shared[key].run(programs)


@atexit.register
def _close_shared() -> None:
    for (owner, _), sandbox in _shared.items():
        if owner == os.getpid():
            sandbox.close()
