"""How long the judge waits for a program."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from collections.abc import Callable

from . import wire

_libc = ctypes.CDLL(None)
_CAP = 3
"""However it spends its time, a program is given up after so many times its wall-clock limit. Times
at whose end the machine is crowded do not count, up to ``wire.PATIENCE`` of them."""
_ASLEEP = 0.003
"""A program that has used less than this share of its CPU time within its wall-clock limit sleeps.
One that wants to compute gets more even where a hundred others want to, too."""
_TRIED_SECONDS = 0.02
_PAUSE = 1.0
"""Seconds by which a judge that wakes too late was not running: they are nobody's."""


class Over(BaseException):
    """Nothing more will come from the program. No ``except Exception`` in a test catches it."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


def cpu_clock(pid: int) -> int:
    """The kernel's number for a process's CPU clock."""
    return (~pid << 3) | 2


class Limits:
    """A program's CPU time and wall-clock time. ``meddled``: as of ``judge.Program``."""

    def __init__(self, pid: int, meddled: Callable[[bool], bool], cpu: float, wall: float) -> None:
        self._clock = cpu_clock(pid)
        self._meddled = meddled
        self._cpu = cpu
        self._wall = wall
        self._look_again = self._until = self._last = self._end = self._seen = 0.0

    def begin(self) -> None:
        """Its time counts from here."""
        now = time.monotonic()
        self._look_again, self._until = now, now + self._wall
        self._last, self._end = now + _CAP * self._wall, now + wire.PATIENCE * self._wall

    def wait(self, events: select.poll) -> None:
        """Return when ``events`` has one. No clock is read before it can matter."""
        while True:
            now = time.monotonic()
            if now >= self._look_again:
                late = now - self._look_again
                if late > _PAUSE:
                    self._until += late
                    self._last, self._end = self._last + late, self._end + late
                used = time.clock_gettime(self._clock)
                if used >= self._cpu:
                    raise Over("timeout", f"more than {self._cpu:g} s of CPU time")
                if now >= self._until:
                    self._wait_longer(now, used)
                self._look_again = min(self._until, now + self._cpu - used)
            if events.poll(1000 * (self._look_again - now) + 1):
                return

    def _wait_longer(self, now: float, used: float) -> None:
        """A program that computes has time as long as others keep it from computing."""
        asleep = used - self._seen < _ASLEEP * self._cpu
        if _crowded():
            self._last = min(self._last + self._wall, self._end)
        if asleep or now >= self._last:
            if self._meddled(False):
                raise Over("died", "the program was stopped from outside")
            raise Over("timeout", "it sleeps" if asleep else "it computes too little")
        self._seen, self._until = used, now + self._wall


def _crowded() -> bool:
    """More want to compute than can: by the load, or, where a container's share of the processors
    is limited, by how long a moment's computing takes."""
    information = ctypes.create_string_buffer(256)  # struct sysinfo: uptime, then three loads
    _libc.sysinfo(information)
    _, load = struct.unpack_from("@lL", information)
    return bool(load / (1 << 16) > len(os.sched_getaffinity(0))) or _is_held_up()


def _is_held_up() -> bool:
    begun, used = time.monotonic(), time.process_time()
    while time.process_time() - used < _TRIED_SECONDS:
        pass
    return time.monotonic() - begun > 2 * _TRIED_SECONDS
