"""A real Ray cluster of three nodes on this machine: a node dies, a driver is interrupted, and the
records are those of an undisturbed local comparison, bit for bit."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.attempts import attempt_numbers
from srpo_bench.results.store import read_json
from tests.integration.conftest import TINY, Bench, command, environment, records
from tests.integration.test_compare import wait_for

pytestmark = pytest.mark.integration

RUNS = ("grpo/seed-1", "srpo/seed-1", "grpo/seed-2", "srpo/seed-2")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without places and two nodes of one place each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made
    made.shutdown()


def driver(folder: Path, cluster: Any, *words: str) -> subprocess.Popen[str]:
    ray = ("--executor", "ray", "--ray-address", cluster.address)
    return subprocess.Popen(
        command("compare", *TINY, "--out", folder, *ray, *words),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell gives its background jobs an ignored SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def saved(folder: Path) -> list[str]:
    """Runs under way that have a checkpoint."""
    return [
        run
        for run in RUNS
        if list((folder / run).glob("checkpoints/step-*"))
        and read_json(folder / run / "status.json")["state"] == "running"
    ]


def test_a_lost_node_changes_no_bit(cluster: Any, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with driver(folder, cluster) as comparing:
        wait_for(comparing, lambda: saved(folder))
        cluster.remove_node(cluster.nodes[0], allow_graceful=False)
        cluster.add_node(num_cpus=1)
        assert comparing.wait(600) == 0, comparing.stdout and comparing.stdout.read()
    assert records(folder) == records(finished)
    attempts = [len(attempt_numbers(folder / run)) for run in RUNS]
    assert max(attempts) > 1  # a run was begun again elsewhere


def test_an_interrupted_driver_stops_the_cluster_and_the_rest_is_done_here(
    cluster: Any, finished: Path, tmp_path: Path, bench: Bench
) -> None:
    folder = tmp_path / "c"
    with driver(folder, cluster) as comparing:
        wait_for(comparing, lambda: saved(folder))
        comparing.send_signal(signal.SIGINT)
        assert comparing.wait(300) == 130
    states = {read_json(folder / run / "status.json")["state"] for run in RUNS}
    assert "running" not in states
    assert not (folder / "stop").exists()
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    assert records(folder) == records(finished)
