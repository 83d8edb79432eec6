"""A comparison that was killed, and whose folder is gone, goes on from its mirror; one that is
finished takes more seeds and arms. Either way the bits are those of undisturbed runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json
from tests.integration.conftest import TINY, Bench, command, environment, records
from tests.integration.test_compare import kill_everything, wait_for

pytestmark = pytest.mark.integration


def test_a_folder_that_is_lost_comes_back(bench: Bench, finished: Path, tmp_path: Path) -> None:
    folder, mirror = tmp_path / "c", tmp_path / "mirror"
    words = [
        "compare",
        *TINY,
        "--out",
        str(folder),
        "--workers",
        "1",
        "--mirror",
        f"file://{mirror}",
    ]
    process = subprocess.Popen(
        command(*words), env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_for(process, lambda: bool(list(mirror.glob("srpo/seed-1/step-*/whole.json"))))
    kill_everything(process, *(folder / arm / "seed-1" for arm in ("grpo", "srpo")))
    shutil.rmtree(folder)
    done = bench("resume", folder, "--mirror", f"file://{mirror}")
    assert done.returncode == 0, done.stderr
    assert f"{folder} was brought back from file://{mirror}." in done.stdout
    assert records(folder) == records(finished)


def test_seeds_and_an_arm_are_added(bench: Bench, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    for words in (
        ("--algos", "grpo", "--seeds", "1-1"),
        ("--algos", "grpo,srpo", "--seeds", "1-1"),
        ("--algos", "grpo,srpo", "--seeds", "1-2"),
    ):
        done = bench("compare", *TINY, "--out", folder, *words)
        assert done.returncode == 0, done.stderr
    assert records(folder) == records(finished)
    added = read_json(folder / "comparison.json")["added"]
    assert [(one["arms"], one["seeds"], one["runs_seen"]) for one in added] == [
        (["srpo"], [], 1),
        ([], [2], 2),
    ]
    told = bench("power", folder)
    assert told.returncode == 0, told.stderr
    assert "srpo against grpo: 2 complete seed pairs say too little" in told.stdout
    again = bench("compare", *TINY, "--out", folder, "--algos", "grpo,srpo", "--seeds", "2-3")
    assert again.returncode == 2
    assert "holds another comparison (different: seeds" in again.stderr
