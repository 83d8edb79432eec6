"""The zygote: forks programs and buries them. It never sees their code or their tests."""

from __future__ import annotations

import base64
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from . import confine, program, wire
from .judge import Program, preside

_PRELOADED = (
    *("bisect", "collections", "copy", "functools", "heapq", "itertools"),
    *("math", "operator", "random", "re", "string", "typing"),
)
"""What programs import most. Loaded once it costs them nothing, but more would slow each fork."""
_PID = struct.Struct("!i")
_WRITABLE = "/tmp"


def main() -> NoReturn:
    """Set the sandbox up as ``sys.argv[1]`` says, then fork for the judge until it is gone."""
    settings = json.loads(sys.argv.pop())
    control = socket.socket(fileno=os.dup(settings["control"]))  # a low number, closed in programs
    os.close(settings["control"])
    for module in _PRELOADED:
        __import__(module)
    sys.path[:] = [p for p in sys.path if p != settings["code_path"]] + settings["packages"]
    _confine(settings)
    requests, forks = socket.socketpair()
    judge = os.fork()
    if judge == 0:
        forks.close()
        confine.die_with_parent()
        _judge(control, requests, settings)
    requests.close()
    _be_quiet()
    compile("", "<warm>", "exec")  # makes the parser's classes, over a millisecond's work
    sys.modules["random"].seed(0)
    gc.collect()
    gc.freeze()
    _fork_on_request(forks, control, settings)
    os.kill(judge, signal.SIGKILL)
    os._exit(0)


def _confine(settings: dict[str, Any]) -> None:
    limits = settings["limits"]
    confine.no_new_privileges()
    confine.limit(limits["memory"], limits["file_size"], open_files=64)
    if settings["user"] == "nobody":
        confine.become_nobody()
    elif settings["user"] == "powerless root":
        confine.drop_capabilities()
    confine.die_with_parent()
    if settings["landlock"]:
        confine.landlock(
            [(path, rights) for path, rights in settings["readable"]], settings["writable"]
        )


def _be_quiet() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _judge(control: socket.socket, requests: socket.socket, settings: dict[str, Any]) -> NoReturn:
    """The judge's process: one program at a time, forked by the zygote on request."""
    limits = settings["limits"]
    last: Program | None = None

    def new_program() -> Program:
        nonlocal last
        if last is not None:
            last.close()
        ours, theirs = socket.socketpair()
        socket.send_fds(requests, [b"f"], [theirs.fileno()])
        theirs.close()
        (pid,) = _PID.unpack(requests.recv(_PID.size, socket.MSG_WAITALL))
        last = Program(ours, pid, limits["cpu_seconds"], limits["wall_seconds"])
        return last

    try:
        control.sendall(wire.frame("ready"))
        _be_quiet()
        preside(control, new_program)
    finally:
        os._exit(0)


def _fork_on_request(
    forks: socket.socket, control: socket.socket, settings: dict[str, Any]
) -> None:
    """One program lives at a time: the next request buries the last.

    Ends with the judge, or as soon as the grading process is gone: as nobody, we may not get the
    signal that root's death should send.
    """
    events = select.poll()
    events.register(forks, select.POLLIN)
    events.register(control, 0)  # its hanging up only; what comes in is for the judge
    seal = confine.seccomp(base64.b64decode(settings["seccomp"]))
    cpu = int(settings["limits"]["cpu_seconds"]) + 2
    child = 0
    while True:
        if any(descriptor == control.fileno() for descriptor, _ in events.poll()):
            return
        message, descriptors, _, _ = socket.recv_fds(forks, 1, 1)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if not message or _left_something(settings):
            return
        child = os.fork()
        if child == 0:
            _run_program(descriptors[0], seal)
        resource.prlimit(child, resource.RLIMIT_CPU, (cpu, cpu))
        os.close(descriptors[0])
        forks.sendall(_PID.pack(child))


def _left_something(settings: dict[str, Any]) -> bool:
    """A program wrote files: this sandbox ends here, and its private file system with it."""
    return bool(settings["writable"]) and any(os.scandir(_WRITABLE))


def _run_program(descriptor: int, seal: Callable[[], None]) -> NoReturn:
    """In the fork. Little is done here: every page of memory touched for the first time costs."""
    try:
        os.dup2(descriptor, 3)
        os.closerange(4, 64)
        seal()
        program.serve(3)
    finally:
        os._exit(1)
