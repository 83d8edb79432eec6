"""The zygote: forks programs and buries them. It never sees their code or their tests."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import confine, packages, program, randomness, semaphores, wire
from .judge import Program, preside
from .limits import cpu_clock

_PRELOADED = (
    *("bisect", "collections", "copy", "functools", "heapq", "itertools"),
    *("math", "operator", "random", "re", "string", "typing"),
)
"""What programs import most. Loaded once it costs them nothing, but more would slow each fork."""
_PID = struct.Struct("!i")
_THREAD_STACK = 4 << 20
"""Bytes; 32 threads with the usual 16 MiB each would not fit a program's memory."""
_OWN_ENDS = frozenset(
    {
        *(signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT),
        *(signal.SIGTRAP, signal.SIGSYS, signal.SIGPIPE, signal.SIGALRM, signal.SIGVTALRM),
        *(signal.SIGPROF, signal.SIGXCPU, signal.SIGXFSZ),
    }
)
"""Signals that a program can bring upon itself; any other came from outside."""
_DYING_SECONDS = 2.0
"""A process hangs up a moment before its end can be seen."""
_LOOK_SECONDS = 0.02
"""Between looks at a folder that no file system bounds."""
_MAX_ENTRIES, _MAX_WRITTEN = 4096, 64 << 20


def main() -> NoReturn:
    """Set the sandbox up as ``sys.argv[1]`` says, then fork for the judge until it is gone."""
    settings = json.loads(sys.argv.pop())
    control = socket.socket(fileno=os.dup(settings["control"]))  # a low number, closed in programs
    os.close(settings["control"])
    for module in _PRELOADED:
        __import__(module)
    sys.path.remove(settings["code_path"])
    sys.meta_path.append(packages.Finder(settings["packages"]))
    sys.modules["_multiprocessing"] = semaphores
    if settings["unbounded"]:
        (folder,) = settings["writable"]
        os.environ["TMPDIR"] = folder
        os.chdir(folder)
    _confine(settings)
    _read(settings["packages"])
    randomness.settle()
    requests, forks = socket.socketpair()
    judge = os.fork()
    if judge == 0:
        forks.close()
        confine.die_with_parent()
        _judge(control, requests, settings)
    requests.close()
    _be_quiet()
    compile("", "<warm>", "exec")  # makes the parser's classes, over a millisecond's work
    threading.stack_size(_THREAD_STACK)
    gc.collect()
    gc.freeze()
    if _fork_on_request(forks, control, settings):
        ended = _end(judge, _DYING_SECONDS)
        if ended and ended.si_code != os.CLD_EXITED and ended.si_status == signal.SIGPROF:
            control.sendall(wire.frame(("timeout", "its answers take too long to compare")))
    os.kill(judge, signal.SIGKILL)
    os._exit(0)


def _confine(settings: dict[str, Any]) -> None:
    limits = settings["limits"]
    confine.no_new_privileges()
    confine.limit(limits["memory"], limits["file_size"], open_files=64)
    if settings["number"] is not None:
        confine.become(settings["number"])
    elif settings["powerless"]:
        confine.drop_capabilities()
    confine.die_with_parent()
    if settings["landlock"]:
        rules = [(path, rights) for path, rights in settings["readable"]]
        confine.landlock(settings["landlock"], rules, settings["writable"])


def _read(packages: dict[str, str]) -> None:
    """What a program that imports them would meet, it would be blamed for."""
    for name, folder in packages.items():
        try:
            os.close(os.open(f"{folder}/__init__.py", os.O_RDONLY))
        except OSError as error:
            why = f"programs may import {name}, but cannot read it here ({error.strerror})"
            os.write(2, f"{why}: let everybody read its folder".encode())
            os._exit(1)  # hangs up after its last words


def _be_quiet() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _judge(control: socket.socket, requests: socket.socket, settings: dict[str, Any]) -> NoReturn:
    """The judge's process: one program at a time, forked by the zygote on request."""
    limits = settings["limits"]
    last: Program | None = None

    def meddled(hung_up: bool) -> bool:
        requests.sendall(b"!" if hung_up else b"?")
        return _received(requests, 1) == b"m"

    def new_program() -> Program:
        nonlocal last
        if last is not None:
            last.close()
        ours, theirs = socket.socketpair()
        socket.send_fds(requests, [b"f"], [theirs.fileno()])
        theirs.close()
        (pid,) = _PID.unpack(_received(requests, _PID.size))
        last = Program(ours, pid, meddled, limits["cpu_seconds"], limits["wall_seconds"])
        return last

    try:
        control.sendall(wire.frame("ready"))
        _be_quiet()
        preside(control, new_program, limits["cpu_seconds"])
    finally:
        os._exit(0)


def _received(requests: socket.socket, count: int) -> bytes:
    """What the zygote answers. Without a zygote there is no verdict: the judge ends."""
    data = requests.recv(count, socket.MSG_WAITALL)
    return data if len(data) == count else os._exit(1)


def _fork_on_request(
    forks: socket.socket, control: socket.socket, settings: dict[str, Any]
) -> bool:
    """One program lives at a time: the next request buries the last.

    Ends with the judge, or as soon as the grading process is gone: as nobody, we may not get the
    signal that root's death should send.

    Returns:
        Whether it was the judge that ended.
    """
    events = select.poll()
    events.register(forks, select.POLLIN)
    events.register(control, 0)  # its hanging up only; what comes in is for the judge
    seal = confine.seccomp(bytes.fromhex(settings["seccomp"]))
    cpu = int(settings["limits"]["cpu_seconds"]) + 2
    look = 1000 * _LOOK_SECONDS if settings["unbounded"] else None
    before = _files(settings["writable"])
    child = greedy = 0
    while True:
        while not (ready := events.poll(look)):
            if child != greedy and _too_much(settings["writable"][0]):
                os.kill(child, signal.SIGKILL)
                greedy = child
        if any(descriptor == control.fileno() for descriptor, _ in ready):
            return False
        message, descriptors, _, _ = socket.recv_fds(forks, 1, 1)
        if message in (b"?", b"!"):
            patience = _DYING_SECONDS if message == b"!" else 0.0
            forks.sendall(b"m" if child != greedy and _meddled(child, cpu, patience) else b"-")
            continue
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if not message:
            return True
        if _files(settings["writable"]) != before:
            return False  # a program left something: this sandbox ends here, and that with it
        child = os.fork()
        if child == 0:
            _run_program(descriptors[0], seal)
        resource.prlimit(child, resource.RLIMIT_CPU, (cpu, cpu))
        if tasks := settings["tasks"]:
            resource.prlimit(child, resource.RLIMIT_NPROC, (tasks, tasks))
        os.close(descriptors[0])
        forks.sendall(_PID.pack(child))


def _meddled(child: int, cpu: int, patience: float) -> bool:
    """Whether somebody outside ended the program, or stopped it for a time."""
    event = _end(child, patience, os.WSTOPPED | os.WCONTINUED)
    if event is None or event.si_code == os.CLD_EXITED or event.si_status in _OWN_ENDS:
        return False
    ended = event.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
    return not ended or time.clock_gettime(cpu_clock(child)) < cpu - 1  # its limit kills as well


def _end(child: int, patience: float, also: int = 0) -> os.waitid_result | None:
    """How a process ended, None if it has not within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    events = os.WEXITED | os.WNOHANG | os.WNOWAIT | also
    while (event := os.waitid(os.P_PID, child, events)) is None:
        if time.monotonic() >= deadline:
            break
        time.sleep(0.001)
    return event


def _files(folders: list[str]) -> list[set[str]]:
    """What is in the folders that programs may write to: nothing, or the way to Python."""
    return [{entry.name for entry in os.scandir(folder)} for folder in folders]


def _too_much(folder: str) -> bool:
    """More was written than a sandbox may, or in a way that cannot be counted."""
    entries = written = 0

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # which the program has removed meanwhile
            raise error

    try:
        for _, folders, files, descriptor in os.fwalk(folder, onerror=refuse):
            entries += len(folders) + len(files)
            for name in files:
                with contextlib.suppress(FileNotFoundError):
                    written += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_size
            if entries > _MAX_ENTRIES or written > _MAX_WRITTEN:
                return True
    except FileNotFoundError:
        return False
    except (OSError, RecursionError, MemoryError):
        return True
    return False


def _run_program(descriptor: int, seal: Callable[[], None]) -> NoReturn:
    """Run a program, in the fork. Little is done here: every page of memory touched for the first
    time costs."""
    try:
        os.dup2(descriptor, 3)
        os.closerange(4, 64)
        seal()
    except BaseException:
        os.kill(os.getpid(), signal.SIGKILL)  # it has not seen the program, and is no verdict on it
    program.serve(3)
