"""A real Slurm of two nodes on this machine: a comparison is planned and run there, a node dies and
its run is requeued, and the records are those of an undisturbed local comparison, bit for bit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from srpo_bench.results.attempts import attempt_numbers
from tests.integration.conftest import TINY, command, environment, records
from tests.integration.slurm_cluster import SlurmCluster, there
from tests.integration.test_compare import wait_for
from tests.integration.test_ray import RUNS, saved

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not there(), reason="Slurm's daemons are not installed"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SlurmCluster]:
    made = SlurmCluster(tmp_path / "slurm")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_lost_node_changes_no_bit(cluster: SlurmCluster, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    words = command("compare", *TINY, "--out", folder, "--executor", "slurm", "--slurm", "-p all")
    with subprocess.Popen(
        words,
        env=environment(SLURM_CONF=str(cluster.conf)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as comparing:
        wait_for(comparing, lambda: saved(folder))
        cluster.lose("n1")
        cluster.up("n1")
        assert comparing.wait(900) == 0, comparing.stdout and comparing.stdout.read()
    assert records(folder) == records(finished)
    attempts = [len(attempt_numbers(folder / run)) for run in RUNS]
    assert max(attempts) > 1  # a run was requeued
    assert (folder / "slurm" / "1" / "batch.sh").is_file()
