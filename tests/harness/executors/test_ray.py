"""What a Ray cluster writes to stderr goes aside; what it does to runs, tests/integration shows."""

from __future__ import annotations

import os
from pathlib import Path

from srpo_bench.harness.executors.ray import Aside


def test_what_other_threads_write_to_stderr_goes_aside(tmp_path: Path) -> None:
    """They write to the descriptor, past Python."""
    before = os.fstat(2)
    aside = Aside(tmp_path / "ray.log")
    os.write(2, b"a flood\n")
    aside.end()
    aside.end()
    after = os.fstat(2)
    assert (tmp_path / "ray.log").read_text() == "a flood\n"
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)
