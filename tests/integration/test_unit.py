"""One run is one unit: the command that a cluster starts does what the executor's process does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srpo_bench.harness.executors.base import command
from srpo_bench.results.status import GONE
from srpo_bench.results.store import read_json, write_json
from tests.integration.conftest import TINY, Bench, environment, records
from tests.integration.conftest import command as bench_command
from tests.integration.test_compare import lines, wait_for

pytestmark = pytest.mark.integration


def test_the_command_writes_the_same_bits_and_can_be_stopped(
    finished: Path, tmp_path: Path
) -> None:
    run = tmp_path / "grpo" / "seed-1"
    run.mkdir(parents=True)
    shutil.copy(finished / "grpo" / "seed-1" / "manifest.json", run)
    words = [sys.executable, "-P", "-m", "srpo_bench.harness.running", str(run)]
    # it leads its session already, as what a scheduler starts may do
    process = subprocess.Popen(words, env=environment(), start_new_session=True, text=True)
    wait_for(process, lambda: lines(run / "steps.jsonl") >= 1)
    process.terminate()
    assert process.wait() == 130
    assert read_json(run / "status.json")["state"] == "stopped"
    subprocess.run(words, env=environment(), check=True, cwd=tmp_path)
    assert read_json(run / "status.json")["state"] == "done"
    expected = {k: v for k, v in records(finished).items() if k.startswith("grpo/seed-1/")}
    assert records(tmp_path) == expected


ANYONE = """
from srpo_bench.algorithms.samplers.shuffled import Shuffled


class Anyone(Shuffled):
    name = "anyone"

    def choose(self, step, n, rng):
        return self.groups(list({prompt.id for prompt in self.info.pool})[:n])
"""


def test_the_order_of_a_set_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Names are hashed anew in every process, unless Python is told not to as it starts."""
    plugin, out = tmp_path / "anyone.py", tmp_path / "c"
    plugin.write_text(ANYONE)
    hashing = environment(PYTHONHASHSEED="random", XDG_DATA_HOME=str(tmp_path))
    words = bench_command("compare", "--algos", f"any=grpo-token+{plugin}:Anyone", *TINY)
    words += ["--steps", "2", "--seeds", "1", "--out", str(out)]
    subprocess.run(words, env=hashing, check=True, capture_output=True)
    whole, run = records(out), out / "any" / "seed-1"
    assert len(whole) == 3
    for path in run.iterdir():
        if path.name != "manifest.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    subprocess.run(command(run), env=hashing, check=True, cwd=tmp_path)
    assert records(out) == whole


def test_a_unit_whose_code_is_not_the_planners_refuses(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "grpo" / "seed-1"
    run.mkdir(parents=True)
    manifest = read_json(finished / "grpo" / "seed-1" / "manifest.json")
    manifest["contract"]["code_sha256"] = "of an older checkout"
    write_json(run / "manifest.json", manifest)
    done = subprocess.run(command(run), env=environment(), cwd=tmp_path, check=False)
    assert done.returncode == 1
    status = read_json(run / "status.json")
    assert status["state"] == "failed"
    assert "The code here is not the code this comparison was planned with" in status["reason"]
    assert not (run / "steps.jsonl").exists()


def test_a_unit_that_was_killed_is_told_and_gone_on_with(
    bench: Bench, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    shutil.copytree(finished, folder)
    run = folder / "grpo" / "seed-1"
    for path in run.iterdir():
        if path.name != "manifest.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    words = [sys.executable, "-P", "-m", "srpo_bench.harness.running", str(run)]
    process = subprocess.Popen(words, env=environment(), start_new_session=True)
    wait_for(process, lambda: lines(run / "steps.jsonl") >= 3)
    process.kill()
    process.wait()
    assert read_json(run / "status.json")["state"] == "running"
    told = bench("status", folder)
    assert f"grpo/seed-1 stopped: {GONE}" in told.stdout, told.stderr
    again = bench("resume", folder)
    assert again.returncode == 0, again.stderr
    assert "grpo/seed-1 was left as running by process" in again.stdout
    assert records(folder) == records(finished)
