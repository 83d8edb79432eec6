"""What a Ray cluster writes to stderr goes aside; what it does to runs, tests/integration shows."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from srpo_bench.harness.executors.base import Need
from srpo_bench.harness.executors.ray import DivertedStderr, RayExecutor


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("NVIDIA A100-SXM4-40GB", {"accelerator_type:A100": 0.001}),
        ("NVIDIA L40S", {"accelerator_type:L40S": 0.001}),
        ("NVIDIA H200", {}),  # Ray has no name for it here: a worker would refuse another
        (None, {}),
    ],
)
def test_runs_keep_to_the_planned_kind_of_accelerator(
    kind: str | None, asked: dict[str, float]
) -> None:
    executor = object.__new__(RayExecutor)
    executor._need = Need(cpus=1, gpus=1, kind=kind)
    types = dict.fromkeys(
        ("accelerator_type:L4", "accelerator_type:L40S", "accelerator_type:A100"), 1.0
    )
    executor._ray = SimpleNamespace(cluster_resources=lambda: {"CPU": 4.0, **types})
    assert executor._kind() == asked


def test_what_other_threads_write_to_stderr_goes_aside(tmp_path: Path) -> None:
    """They write to the descriptor, past Python."""
    before = os.fstat(2)
    aside = DivertedStderr(tmp_path / "ray.log")
    os.write(2, b"a flood\n")
    aside.end()
    aside.end()
    after = os.fstat(2)
    assert (tmp_path / "ray.log").read_text() == "a flood\n"
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)
