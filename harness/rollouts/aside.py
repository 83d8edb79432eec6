"""Grading beside sampling, in one thread, for graders that wait for processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from srpo_bench.tasks.base import Grade
from srpo_bench.tasks.sandbox import waiting_for_verdicts

T = TypeVar("T")

LOT = 32
"""Responses that are handed on together while others are still being sampled."""


class Aside:
    """Grades responses in lots, in the order in which they have ended.

    Args:
        judge: rows of responses and their texts to their grades.
    """

    def __init__(self, judge: Callable[[list[int], list[str]], list[Grade]]) -> None:
        self._judge = judge
        self._waiting: dict[int, str] = {}
        self._begun: list[tuple[list[int], Future[list[Grade]]]] = []

    def take(self, texts: dict[int, str]) -> None:
        """Responses that have ended, by row; they are begun once there are enough."""
        self._waiting.update(texts)
        if len(self._waiting) >= LOT:
            self._begin()

    def finish(self, texts: dict[int, str]) -> None:
        """Begin all of these, by row, that were not taken before."""
        taken = {row for rows, _ in self._begun for row in rows}
        self._waiting.update((row, texts[row]) for row in texts.keys() - taken)
        if self._waiting:
            self._begin()

    def grades(self) -> dict[int, Grade]:
        """The grade of every row, once all are there."""
        with waiting_for_verdicts():
            return {
                row: grade
                for rows, judged in self._begun
                for row, grade in zip(rows, judged.result(), strict=True)
            }

    def _begin(self) -> None:
        rows = sorted(self._waiting)
        texts = [self._waiting[row] for row in rows]
        self._begun.append((rows, aside(partial(self._judge, rows, texts))))
        self._waiting = {}


class _Thread:
    """Does one job after the other, for as long as the process lives: a grader's processes end with
    the thread that has started them."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._work, name="grading", daemon=True).start()

    def begin(self, job: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.put((future, job))
        return future

    def _work(self) -> None:
        while True:
            future, job = self._jobs.get()
            try:
                future.set_result(job())
            except BaseException as error:  # it is raised where the result is asked for
                future.set_exception(error)


_threads: dict[int, _Thread] = {}
"""By process: a fork has none of its parent's threads."""


def aside(job: Callable[[], T]) -> Future[T]:
    """Begin ``job`` in the process's thread for grading, behind those begun before it."""
    owner = os.getpid()
    if owner not in _threads:
        _threads[owner] = _Thread()
    return _threads[owner].begin(job)
