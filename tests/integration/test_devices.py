"""One run an accelerator: real workers, on accelerators that are there by name only."""

from __future__ import annotations

from multiprocessing import connection
from pathlib import Path

import pytest

from srpo_bench.harness.config import Arm
from srpo_bench.harness.executors.base import Need
from srpo_bench.harness.executors.local import LocalExecutor
from srpo_bench.harness.planning.comparison import PlannedRun
from srpo_bench.results.attempts import attempts

pytestmark = pytest.mark.integration


def test_each_run_sees_one_accelerator_and_no_two_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs themselves end at once, for want of a manifest."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,3,GPU-x")
    runs = [
        PlannedRun(tmp_path / "grpo" / f"seed-{seed}", Arm(name="grpo", algorithm="grpo"), seed)
        for seed in range(1, 8)
    ]
    for run in runs:
        run.folder.mkdir(parents=True)
    executor = LocalExecutor(Need(cpus=1, gpus=1))
    executor.start(runs)
    ended = 0
    while ended < len(runs):
        at_work = list(executor._on.values())
        assert len(at_work) == len(set(at_work)) <= 3
        connection.wait([process.sentinel for process in executor._running], timeout=1)
        ended += len(executor.ended())
    devices = [attempts(run.folder)[-1]["devices"] for run in runs]
    assert devices[:3] == ["0", "3", "GPU-x"]
    assert set(devices) == {"0", "3", "GPU-x"}
