"""A disk that takes no more: one sentence, and nothing half-written."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.running.worker import write_status
from srpo_bench.results.store import read_json
from tests.integration.conftest import TINY, command, environment

pytestmark = pytest.mark.integration


def small_files() -> None:
    """What the process writes may not grow beyond 512 bytes a file, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


def compare_into(out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("compare", *TINY, "--out", out),
        preexec_fn=small_files,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_full_disk_at_planning(tmp_path: Path) -> None:
    out = tmp_path / "c"
    done = compare_into(out)
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_an_empty_folder_of_the_users_is_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    done = compare_into(out)
    assert done.returncode == 2, done.stderr
    assert out.is_dir()
    assert not list(out.iterdir())


@pytest.mark.parametrize("room", [1 << 20, 4096, 600])
def test_a_disk_that_fills_up_in_a_run_ends_it_with_a_sentence(tmp_path: Path, room: int) -> None:
    """The weights, the records and the status itself have no room, one after another."""
    arm = Arm(name="grpo", algorithm="grpo")
    settings = {
        "steps": 4,
        "seeds": [1],
        "checkpoint_every": 2,
        "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
        "rollout": {"prompts_per_step": 2},
        "evaluation": {"problems": 2},
    }
    config = layers.parse(Config, settings, "test")
    folder = plan(tmp_path / "c", config, [arm], "").runs[0].folder
    write_status(folder, "waiting", config.steps)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "srpo_bench.harness.running", str(folder)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 1
    status = read_json(folder / "status.json")
    assert status["state"] == "failed"
    assert status["reason"].startswith("The disk took no more (")
    assert status["reason"].endswith("): make room, then bench resume.")
    again = [sys.executable, "-P", "-m", "srpo_bench.harness.running", str(folder)]
    assert subprocess.run(again, env=environment(), timeout=300).returncode == 0
    assert read_json(folder / "status.json")["state"] == "done"
