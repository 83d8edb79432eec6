"""``python -m benchmarks.faults``: no fault changes a record; a fault that did would be seen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults.processes import MATH, SANDBOX, TRAINING
from srpo_bench.tasks.sandbox import isolation
from tests.integration.conftest import environment

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1800,
    )


def test_no_fault_changes_a_record() -> None:
    done = python("-m", "benchmarks.faults", "--short")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^\| (.+) \| (\d+) \| (\d+) \| .*\|$", done.stdout, re.MULTILINE)
    modes = ["bubblewrap", "landlock"] if isolation().mode == "bubblewrap" else ["landlock"]
    kinds = [
        *(f"{kind} ({mode})" for mode in modes for kind in SANDBOX if kind != "bubblewrap"),
        *(["bubblewrap (bubblewrap)"] if "bubblewrap" in modes else []),
        *(*MATH, *TRAINING),
    ]
    whole = {f"SIGKILL: {kind}" for kind in kinds} | {f"SIGSTOP for 2 s: {kind}" for kind in kinds}
    names = {name for name, _, _ in rows}
    assert {name for name in names if name.startswith("SIG")} == whole
    others = ("memory limit", "disk full", "no file may grow", "clock jumps", "two starters")
    assert sum(name.startswith(others) for name in names) == len(names) - len(whole) == 4
    assert all(int(trials) > 0 and differences == "0" for _, trials, differences in rows)


KILLED_AFTER_STEP_2 = """
import os, signal, sys
from pathlib import Path
from benchmarks.faults.comparison import Comparisons
from srpo_bench.harness.running import checkpoint
from srpo_bench.harness.running.learner import Learner

save = checkpoint.save

def save_and_die(attempt, step, *rest):
    save(attempt, step, *rest)
    if step == 2:
        os.kill(os.getpid(), signal.SIGKILL)

def changed():
    out = comparisons.new()
    comparisons.wait(out, comparisons.start(out))
    return comparisons.changed(out)

if __name__ == "__main__":
    comparisons = Comparisons(Path(sys.argv[1]), 1, 0)
    checkpoint.save = save_and_die
    print(changed())
    Learner.load_state_dict = lambda learner, state: None
    print(changed())
"""


def test_a_run_that_forgets_its_optimiser_is_noticed(tmp_path: Path) -> None:
    """Every run is killed after its second step: 0 records differ; without Adam's moments, some."""
    script = tmp_path / "script.py"
    script.write_text(KILLED_AFTER_STEP_2)
    done = python(str(script), str(tmp_path / "comparisons"))
    assert done.returncode == 0, done.stdout + done.stderr
    intact, forgetful = map(int, done.stdout.split())
    assert intact == 0
    assert forgetful > 0
