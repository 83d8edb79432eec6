"""A thousand mixed programs: no verdict lost, nothing false, nothing left behind."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tasks.base import Outcome
from tasks.sandbox import Limits, Program, Sandbox
from tasks.sandbox.isolation import Mode, isolation
from tests.tasks.sandbox.adversarial import FORGERIES, SQUARES

pytestmark = pytest.mark.integration
SLEEPERS = {name for name in FORGERIES if name.startswith("sleep/")} | {"channel/half"}


def leftovers() -> set[str]:
    """Command lines of all processes that run sandbox code."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "inside.zygote" in line:
            found.add(folder.name)
    return found


def wait_until_gone(before: set[str]) -> set[str]:
    until = time.monotonic() + 20
    while leftovers() - before and time.monotonic() < until:
        os.sched_yield()
    return leftovers() - before


@pytest.mark.parametrize("mode", ["bubblewrap", "landlock"])
def test_a_thousand_programs(mode: Mode) -> None:
    if isolation().mode != "bubblewrap" and mode != isolation().mode:
        pytest.skip(f"this machine has no {mode} isolation")
    rng = random.Random(0)
    hostile = [code for name, code in FORGERIES.items() if name not in SLEEPERS]
    programs, honest = [], []
    for number in range(1000):
        good = rng.random() < 0.9
        code = "def f(x): return x * x" if good else rng.choice(hostile)
        programs.append(Program(f"{code}\n# {number}", SQUARES, "f"))
        honest.append(good)
    before, files = leftovers(), set(Path(tempfile.gettempdir()).iterdir())
    with Sandbox(workers=2, limits=Limits(cpu_seconds=0.2, wall_seconds=2.0), mode=mode) as sandbox:
        verdicts = sandbox.run(programs)
    assert len(verdicts) == 1000
    for verdict, good in zip(verdicts, honest, strict=True):
        assert (verdict.outcome is Outcome.CORRECT) == good, verdict
        assert verdict.outcome is not Outcome.ERROR, verdict
    assert not wait_until_gone(before)
    ours = {path for path in Path(tempfile.gettempdir()).iterdir() if path.name.isdigit()}
    assert not ours - files


def test_nothing_outlives_a_killed_grader() -> None:
    code = (
        "from tasks.sandbox import *; import os, signal, threading\n"
        "threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGKILL)).start()\n"
        "run_programs([Program('while True: pass', 'def check(c): c(1)', 'f')], "
        "Limits(cpu_seconds=600, wall_seconds=600))"
    )
    if not isolation().usable:
        pytest.skip(isolation().why)
    before = leftovers()
    process = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert process.returncode == -9
    assert not wait_until_gone(before)
