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

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Limits, Program, Sandbox
from srpo_bench.tasks.sandbox.modes import Mode, isolation
from tests.tasks.sandbox.adversarial import FORGERIES, SQUARES

pytestmark = pytest.mark.integration
SLEEPERS = {name for name in FORGERIES if name.startswith("sleep/")} | {"channel/half"}


MARK = (16 << 20) + os.getpid()
"""A limit that no other sandbox on this machine has; it stands in every process's command line."""


def leftovers() -> set[str]:
    """Processes of this test's sandboxes."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f'"file_size": {MARK}' in line:
            found.add(folder.name)
    return found


def wait_until_gone() -> set[str]:
    until = time.monotonic() + 20
    while leftovers() and time.monotonic() < until:
        time.sleep(0.02)
    return leftovers()


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
    files = set(Path(tempfile.gettempdir()).iterdir())
    limits = Limits(cpu_seconds=0.2, wall_seconds=2.0, file_size=MARK)
    with Sandbox(workers=2, limits=limits, mode=mode) as sandbox:
        verdicts = sandbox.run(programs)
    assert len(verdicts) == 1000
    for verdict, good in zip(verdicts, honest, strict=True):
        assert (verdict.outcome is Outcome.CORRECT) == good, verdict
        assert verdict.outcome is not Outcome.ERROR, verdict
    assert not wait_until_gone()
    ours = {path for path in Path(tempfile.gettempdir()).iterdir() if path.name.isdigit()}
    assert not ours - files


@pytest.mark.parametrize("mode", ["bubblewrap", "landlock"])
def test_nothing_outlives_a_killed_grader(mode: Mode) -> None:
    if isolation().mode != "bubblewrap" and mode != isolation().mode:
        pytest.skip(f"this machine has no {mode} isolation")
    code = (
        "from srpo_bench.tasks.sandbox import *; import os, signal, threading\n"
        "threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGKILL)).start()\n"
        f"limits = Limits(cpu_seconds=600, wall_seconds=600, file_size={MARK})\n"
        f"Sandbox(limits=limits, mode={mode!r}).run("
        "[Program('while True: pass', 'def check(c): c(1)', 'f')])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert process.returncode == -9
    assert not wait_until_gone()
