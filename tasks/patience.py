"""Waiting for another process by its own CPU clock: wall time says nothing on a crowded machine."""

from __future__ import annotations

import select
import socket
import time

_LOOK_SECONDS = 1.0


class SilentError(Exception):
    """A process that has not computed at all for as long as it may idle: somebody stopped it."""


def wait_for(source: socket.socket, clock: int, last: float, idle_seconds: float) -> None:
    """Return when ``source`` has something to read from the process with that CPU clock.

    No wall time is read: on a crowded machine it says nothing of the process.

    Raises:
        TimeoutError: its clock has passed ``last``.
        SilentError: it has stood still for ``idle_seconds``.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    used, idle = time.clock_gettime(clock), 0.0
    while True:
        look = min(max(last - used, 0.01), _LOOK_SECONDS, idle_seconds)
        if poll.poll(1000 * look):
            return
        before, used = used, time.clock_gettime(clock)
        if used > last and not poll.poll(0):  # else it has answered, and works on the next pair
            raise TimeoutError
        idle = idle + look if used == before else 0.0
        if idle >= idle_seconds:
            raise SilentError
