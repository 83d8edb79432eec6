"""Real ``bench`` processes on the shipped micro base, cut down to seconds."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration import preloaded

TINY = [
    *("--preset", "smoke", "--steps", "6", "--tasks", "micro-gsm8k,micro-math"),
    *("--set", "evaluation.problems=6", "--set", "rollout.prompts_per_step=3"),
    *("--set", "data.pool_size=6", "--set", "checkpoint_every=2", "--set", "samples_every=2"),
]
"""Six steps of three prompts, a checkpoint every other step: a few seconds a run."""

Bench = Callable[..., subprocess.CompletedProcess[str]]


ROOT = str(Path(__file__).resolve().parents[2])


def environment(**extra: str) -> dict[str, str]:
    """This checkout's own package is found first. Without that a ``PYTHONPATH`` of a test's own and
    the ``PYTHONSAFEPATH`` that an earlier test left would have an installed one run instead."""
    paths = [extra.get("PYTHONPATH"), ROOT, os.environ.get("PYTHONPATH")]
    path = os.pathsep.join(filter(None, paths))
    return {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200", **extra, "PYTHONPATH": path}


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "srpo_bench.harness", *map(str, words)]


@pytest.fixture(scope="session")
def bench() -> Bench:
    def run(
        *words: str | Path, figures: bool = False, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        return preloaded.run(list(map(str, words)), environment(**extra), 300, figures)

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed comparison of grpo and srpo, two seeds, run one after another: once, for all
    processes that test. As a user's: a fresh process, and figures."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "undisturbed"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "report").is_dir():
            words = command("compare", *TINY, "--out", folder, "--workers", "1")
            done = subprocess.run(words, capture_output=True, text=True, env=environment())
            assert done.returncode == 0, done.stderr
    return folder


def records(comparison: Path) -> dict[str, bytes]:
    """The deterministic record files of every run."""
    names = ("steps.jsonl", "evals.jsonl", "samples.jsonl")
    return {
        str(path.relative_to(comparison)): path.read_bytes()
        for name in names
        for path in sorted(comparison.glob(f"*/seed-*/{name}"))
    }
