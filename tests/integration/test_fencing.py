"""A worker that was stopped, and goes on when its run was finished by another, changes no byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from srpo_bench.results.attempts import attempts
from srpo_bench.results.seal import check_seal
from srpo_bench.results.store import read_json, saved
from tests.harness.running.test_mirror import planned
from tests.integration.conftest import TINY, Bench, command, environment, records
from tests.integration.test_compare import lines, wait_for

pytestmark = pytest.mark.integration

IMPATIENT = (
    "import sys; from pathlib import Path; from srpo_bench.harness.running import worker; "
    "sys.exit(worker.CODES[worker.run_folder(Path(sys.argv[1]), patience=0)])"
)
"""The unit, as on a node that cannot see that another one still holds the run."""


def everything(run: Path) -> dict[str, bytes]:
    """What the run is, and not what an attempt says to itself."""
    own = ("attempts", "worker.log", "pid")
    paths = [path for path in run.rglob("*") if path.is_file()]
    found = {path.relative_to(run): path.read_bytes() for path in paths}
    return {str(name): text for name, text in found.items() if name.parts[0] not in own}


UNIT = [sys.executable, "-P", "-m", "srpo_bench.harness.running"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    subprocess.run([*UNIT, str(planned(folder))], env=environment(), check=True)
    return folder


@pytest.mark.parametrize("steps", [1, 3])  # before its first checkpoint, and after it
def test_a_node_back_from_the_dead_changes_no_byte(
    tmp_path: Path, undisturbed: Path, steps: int
) -> None:
    run = planned(tmp_path / "c")
    first = subprocess.Popen(
        [*UNIT, str(run)], env=environment(), stderr=subprocess.DEVNULL, text=True
    )
    try:
        wait_for(first, lambda: lines(run / "steps.jsonl") >= steps)
        first.send_signal(signal.SIGSTOP)
        second = [sys.executable, "-P", "-c", IMPATIENT, str(run)]
        subprocess.run(second, env=environment(), check=True)
        before = everything(run)
        first.send_signal(signal.SIGCONT)
        assert first.wait() == 75
    finally:
        first.kill()
    assert everything(run) == before
    assert read_json(run / "status.json")["state"] == "done"
    assert len(attempts(run)) == 2
    check_seal(run)
    assert records(tmp_path / "c") == records(undisturbed)


def test_a_run_that_nobody_runs_is_found_out_and_goes_on(
    finished: Path, tmp_path: Path, bench: Bench
) -> None:
    folder = tmp_path / "c"
    words = command("compare", *TINY, "--out", folder, "--workers", "1")
    with subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL) as comparing:
        run = folder / "grpo" / "seed-1"
        wait_for(comparing, lambda: bool(saved(run)))
        comparing.send_signal(signal.SIGSTOP)  # it would say that its worker died
        os.kill(int((run / "pid").read_text()), signal.SIGKILL)
        comparing.kill()
    assert read_json(run / "status.json")["state"] == "running"
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    assert "grpo/seed-1 was left as running by process" in done.stdout
    assert records(folder) == records(finished)
