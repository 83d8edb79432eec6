"""No program cheats, breaks out, hangs the grader or leaves anything behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Program, Sandbox, readable
from srpo_bench.tasks.sandbox.modes import Mode
from srpo_bench.tasks.sandbox.users import _MOST_TASKS, user
from tests.tasks.sandbox.adversarial import ESCAPED, ESCAPES, SQUARES
from tests.tasks.sandbox.corpus import HONEST, HOSTILE, VISIBLE
from tests.tasks.sandbox.lies import HOGS

pytestmark = pytest.mark.integration

GOOD = Program("def f(x):\n    return x * x\n", SQUARES, "f")
NOT_CORRECT = (Outcome.WRONG, Outcome.TIMEOUT, Outcome.UNPARSEABLE)


def test_corpus_is_large_enough() -> None:
    assert len(HOSTILE) + len(ESCAPES) >= 500
    assert len(HONEST) >= 130


@pytest.mark.parametrize("name", HOSTILE)
def test_forgery_earns_nothing(name: str, sandbox: Sandbox) -> None:
    verdict, good = sandbox.run([Program(HOSTILE[name], SQUARES, "f"), GOOD])
    seen = name in VISIBLE and sandbox.mode == "landlock"
    assert verdict.outcome in ((Outcome.CORRECT,) if seen else NOT_CORRECT), verdict
    assert good.outcome is Outcome.CORRECT, good


@pytest.mark.parametrize("name", HONEST)
def test_honest_program_is_correct(name: str, roomy: Sandbox) -> None:
    verdict, good = roomy.run([Program(HONEST[name], SQUARES, "f"), GOOD])
    assert verdict.outcome is Outcome.CORRECT, verdict
    assert good.outcome is Outcome.CORRECT, good


@pytest.mark.parametrize("name", HOGS)
def test_an_answer_that_is_slow_to_compare_is_charged_to_the_program(
    name: str, sandbox: Sandbox
) -> None:
    code, test = HOGS[name]
    hog = Program(code, f"def check(f):\n    {test}\n", "f")
    start = time.process_time()
    verdict, good = sandbox.run([hog, GOOD])
    assert verdict.outcome in NOT_CORRECT, verdict
    assert good.outcome is Outcome.CORRECT, good
    assert time.process_time() - start < 1  # nothing of it is done in this process


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_outside_is_reached(
    name: str, sandbox: Sandbox, canary: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "secret")
    before = canary.stat()
    code = ESCAPES[name].replace("{canary}", str(canary)).replace("{port}", str(port))
    program = Program(code.replace("{pid}", str(os.getpid())), ESCAPED, "f")
    verdict, good = sandbox.run([program, GOOD])
    assert verdict.outcome in (Outcome.WRONG, Outcome.TIMEOUT), verdict
    assert good.outcome is Outcome.CORRECT, good
    after = canary.stat()
    assert canary.read_text() == "secret"
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)
    assert list(canary.parent.iterdir()) == [canary]


def test_no_signal_reaches_a_process_outside(sandbox: Sandbox) -> None:
    outside = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    code = """
import fcntl, os, socket
ours, theirs = socket.socketpair()
def f():
    for number in (9, 15, 19):
        for command, value in ((10, number), (8, {pid}), (4, os.O_ASYNC | os.O_RDWR)):
            try: fcntl.fcntl(ours, command, value)
            except OSError: pass
        theirs.send(b'x')
""".replace("{pid}", str(outside.pid))
    sandbox.run([Program(code, "def check(f):\n    f()\n", "f")])
    stopped = os.waitid(os.P_PID, outside.pid, os.WSTOPPED | os.WEXITED | os.WNOHANG)
    outside.communicate(b"\n")
    assert stopped is None
    assert outside.returncode == 0


@pytest.mark.parametrize("named", ["by path", "abstract"])
def test_no_datagram_reaches_a_socket_outside(
    named: str, sandbox: Sandbox, open_to_all: Path
) -> None:
    """A pair of sockets needs no connection: each datagram could have an address of its own."""
    address = str(open_to_all / "outside") if named == "by path" else f"\0bench-test-{os.getpid()}"
    code = f"""
import socket
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
def f():
    ours.sendto(b"x", {address!r})
    return "escaped"
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outside:
        outside.bind(address)
        outside.setblocking(False)
        (verdict,) = sandbox.run([Program(code, ESCAPED, "f")])
        assert verdict.outcome is Outcome.WRONG
        with pytest.raises(BlockingIOError):
            outside.recv(1)


def test_threads_are_bounded_where_each_costs_no_memory_of_the_program(
    isolated: Mode, roomy: Sandbox
) -> None:
    if user(isolated) != "nobody":
        pytest.skip("the kernel does not count them apart")
    code = """
import _thread, threading, time
threading.stack_size(32768)
def f():
    started = 0
    try:
        while True:
            _thread.start_new_thread(time.sleep, (99,))
            started += 1
    except RuntimeError:
        return started
"""
    tests = "def check(f):\n    raise ValueError(f())"
    (verdict,) = roomy.run([Program(code, tests, "f")])
    started = int(verdict.detail.removeprefix("ValueError: "))
    assert _MOST_TASKS - 10 < started <= _MOST_TASKS  # none but its own are counted


def test_a_readable_file_is_not_cut_by_an_old_kernel(
    isolated: Mode, open_to_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.2 Landlock does not restrict truncation."""
    if isolated == "bubblewrap":
        pytest.skip("bubblewrap shows no such file")
    file = open_to_all / "library.py"
    file.write_text("precious")
    monkeypatch.setattr(readable, "_SYSTEM", (*readable._SYSTEM, str(open_to_all)))
    code = f"import os\ndef f(): os.open({str(file)!r}, os.O_RDONLY | os.O_TRUNC)\n"
    reads = f"def f(): return open({str(file)!r}).read()\n"
    with Sandbox(mode=isolated) as sandbox:
        tests = "def check(f):\n    assert f() == 'precious'\n"
        read, _ = sandbox.run([Program(reads, tests, "f"), Program(code, tests, "f")])
    assert read.outcome is Outcome.CORRECT, read
    assert file.read_text() == "precious"


def test_escapes_do_escape_without_a_sandbox(canary: Path) -> None:
    """The corpus tests something: unprotected, the same program reads the file."""
    code = ESCAPES["read/canary"].replace("{canary}", str(canary))
    with Sandbox(mode="unsafe") as sandbox:
        (verdict,) = sandbox.run([Program(code, ESCAPED, "f")])
    assert verdict.outcome is Outcome.CORRECT, verdict


@pytest.mark.parametrize("name", ["door/fcntl/F_SETOWN", "door/chmod", "door/socket/unix"])
def test_doors_are_open_without_a_sandbox(name: str) -> None:
    """A refusal is the filter's: unprotected, the same call gets through to the kernel."""
    with Sandbox(mode="unsafe") as sandbox:
        (verdict,) = sandbox.run([Program(HOSTILE[name], SQUARES, "f")])
    assert verdict.outcome is Outcome.CORRECT, verdict
