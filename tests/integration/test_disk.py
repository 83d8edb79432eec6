"""A disk that takes no more: one sentence, exit code 2, nothing half-written."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

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
    assert f"Cannot write to {out}: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_an_empty_folder_of_the_users_is_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    done = compare_into(out)
    assert done.returncode == 2, done.stderr
    assert out.is_dir()
    assert not list(out.iterdir())
