"""One thread beside the one that samples, for graders that wait for processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class _Aside:
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


_thread: dict[int, _Aside] = {}


def aside(job: Callable[[], T]) -> Future[T]:
    """Begin ``job`` in the process's thread for grading, behind those begun before it."""
    owner = os.getpid()  # a fork has none of its parent's threads
    if owner not in _thread:
        _thread[owner] = _Aside()
    return _thread[owner].begin(job)
