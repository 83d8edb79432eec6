"""The stand-in for multiprocessing's semaphores against the real ones of this machine."""

from __future__ import annotations

import _multiprocessing
import threading
from collections.abc import Callable
from typing import Any

import pytest

from srpo_bench.tasks.sandbox.inside.semaphores import SemLock, sem_unlink

RECURSIVE, SEMAPHORE = 0, 1


def real(kind: int, value: int, most: int) -> Any:
    return _multiprocessing.SemLock(kind, value, most, f"/bench-test-{id(object())}", True)


def ours(kind: int, value: int, most: int) -> Any:
    return SemLock(kind, value, most, "/name", True)


def seen(lock: Any) -> tuple[Any, ...]:
    return (lock._count(), lock._is_mine(), lock._get_value(), lock._is_zero(), lock.name)


def elsewhere(call: Callable[[], Any]) -> Any:
    """What a call gives in another thread: its value, or the class of its error."""
    found = []

    def run() -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize(
    ("kind", "value", "most"),
    [
        (RECURSIVE, 1, 1),
        (SEMAPHORE, 1, 1),
        (SEMAPHORE, 2, 2),
        (SEMAPHORE, 0, SemLock.SEM_VALUE_MAX),
    ],
)
def test_it_does_as_the_real_one(kind: int, value: int, most: int) -> None:
    traces = []
    for make in (real, ours):
        lock = make(kind, value, most)
        trace: list[Any] = [seen(lock), lock.maxvalue, lock.kind]
        for step in "tTtTTrRtrrrRtTT":
            try:
                match step:
                    case "t":
                        trace.append(lock.acquire(False))
                    case "T":
                        trace.append(elsewhere(lambda lock=lock: lock.acquire(True, 0.001)))
                    case "r":
                        trace.append(lock.release())
                    case "R":
                        trace.append(elsewhere(lock.release))
            except (AssertionError, ValueError) as error:
                trace.append((type(error), str(error)))
            trace.append((lock._get_value(), lock._is_zero(), lock._is_mine()))
        traces.append(trace)
    assert traces[0] == traces[1]
    assert SemLock.SEM_VALUE_MAX == _multiprocessing.SemLock.SEM_VALUE_MAX


def test_a_thread_that_waits_is_woken() -> None:
    lock = SemLock(SEMAPHORE, 0, 9, "", True)
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    with SemLock(RECURSIVE, 1, 1, "", True) as held:
        assert held
    lock.release()
    thread.join(10)
    assert not thread.is_alive()
    sem_unlink("/name")
