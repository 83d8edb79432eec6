"""``multiprocessing``'s semaphores for a process that can have no others: they are threads' here.

The kernel's need a folder that all processes share. So ``ThreadPool``, ``Lock`` and ``Queue`` work
as they do anywhere; to start a process is refused.
"""

from __future__ import annotations

import threading

_RECURSIVE = 0


class SemLock:
    """As ``_multiprocessing.SemLock``: a recursive lock, or a semaphore, which anybody may release.
    It has no name: nobody need clean up after it."""

    SEM_VALUE_MAX = (1 << 31) - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, None, 0
        self._value = value
        self._changed = threading.Condition()
        self._holder = 0
        self._depth = 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it, or say that it was not free in time."""
        with self._changed:
            if not (self.kind == _RECURSIVE and self._is_mine()):
                wait = None if block and timeout is None else max(0.0, timeout or 0.0) * block
                if not self._changed.wait_for(lambda: self._value > 0, wait):
                    return False
                self._value -= 1
                self._holder = threading.get_ident()
            self._depth += 1
            return True

    def release(self) -> None:
        """Give it back."""
        with self._changed:
            if self.kind == _RECURSIVE:
                if not self._is_mine():
                    raise AssertionError("attempt to release recursive lock not owned by thread")
            elif self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._depth -= 1
            if self.kind != _RECURSIVE or self._depth == 0:
                self._value += 1
                self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._depth

    def _is_mine(self) -> bool:
        return self._depth > 0 and self._holder == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0


def sem_unlink(name: str) -> None:
    """As ``_multiprocessing.sem_unlink``: nothing has that name outside of this process."""
