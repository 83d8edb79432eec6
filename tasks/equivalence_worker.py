"""The process in which math-verify runs, started with ``-m`` and ``DESCRIPTOR MEMORY``.

It loads math-verify once and then forks a grader whenever its client asks, so that a grader that
hangs or swells is killed and replaced in milliseconds. Graders answer ``[gold, answer]`` messages
with an outcome and the CPU seconds they have used so far, and end where memory does; the client
watches their CPU time.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NoReturn

from srpo_bench.tasks.sandbox.inside import confine, wire

PID = struct.Struct("!i")


def main() -> None:
    """Fork a grader for every descriptor that comes; one lives at a time."""
    client = socket.socket(fileno=int(sys.argv[1]))
    confine.die_with_parent()
    equivalent = _load()
    logging.disable()
    gc.collect()
    gc.freeze()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # parsers complain there, and nobody reads it from here on
    client.sendall(b"r")
    child = 0
    while True:
        message, descriptors, _, _ = socket.recv_fds(client, 1, 1)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if not message:
            return
        child = os.fork()
        if child == 0:
            _grade(socket.socket(fileno=descriptors[0]), equivalent, int(sys.argv[2]))
        os.close(descriptors[0])
        client.sendall(PID.pack(child))


def _load() -> Callable[[str, str], str]:
    """``equivalent(gold, answer)`` -> an ``Outcome``'s value."""
    from math_verify import LatexExtractionConfig, parse, verify

    from srpo_bench.tasks import conversion, strictly, two_stage
    from srpo_bench.tasks.latex import ABOUT

    conversion.install()
    two_stage.install()

    plain = replace(LatexExtractionConfig().normalization_config, units=False)
    latex = LatexExtractionConfig(boxed_match_priority=0, normalization_config=plain)
    configs = (latex,)  # its other reader takes a number out of what is not read

    @lru_cache(maxsize=4096)  # every response to a problem is compared with the same gold
    def parsed(text: str) -> list[Any]:
        # no limits of its own: its timers fail silently, and time is kept from outside
        result: list[Any] = parse(
            f"\\boxed{{{text}}}", configs, extraction_mode="first_match", parsing_timeout=None
        )
        return [strictly.with_imaginary_unit(reading) for reading in result]

    def equivalent(gold: str, answer: str) -> str:
        answer, *rounded = answer.split(ABOUT)
        wanted, given = parsed(gold), parsed(answer)
        if not wanted:
            return "error"
        if not given:
            return "unparseable"
        same = verify(wanted, given, timeout_seconds=None, allow_set_relation_comp=True)
        if not same or not strictly.same(wanted[0], given[0]):
            return "wrong"
        near = (strictly.about(given[0], (parsed(text) or [None])[0]) for text in rounded)
        return "correct" if all(near) else "wrong"

    equivalent("\\frac{1}{2}", "0.5")  # fills sympy's caches before the first fork
    return equivalent


def _grade(client: socket.socket, equivalent: Callable[[str, str], str], memory: int) -> NoReturn:
    try:
        confine.die_with_parent()
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        requests = wire.Reader(lambda count: client.recv(count) or os._exit(0))
        while True:
            gold, answer = requests.message()
            try:
                outcome = equivalent(gold, answer)
            except MemoryError:  # perhaps of what came before: a fresh grader has all of it
                os._exit(1)
            except Exception:
                outcome = "unparseable"
            client.sendall(wire.frame((outcome, time.process_time())))
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
