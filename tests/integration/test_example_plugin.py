"""The example package, installed as a user installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srpo_bench.results.store import read_lines
from tests.integration.conftest import TINY, Bench

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "examples" / "bench-max-rl"

SCRIPT = """
import torch
from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, PromptInfo, Rollouts, Totals
from srpo_bench.algorithms.registry import algorithm_names, get

assert algorithm_names()[-1] == "max-rl"
kind = get("max-rl")
algorithm = kind(kind.Settings(), RunInfo((PromptInfo("p", "math"),), 1, 4, 10, 2))
rng = torch.Generator()
ones = torch.ones(4, 2)
rollouts = Rollouts(
    ["p"], [[1]], torch.zeros(4).long(), ones.long(), ones.bool(), -ones,
    torch.zeros(4).bool(),
)
reward = torch.tensor([1.0, 0.0, 0.0, 0.0])
batch = algorithm.weigh(rollouts, Grades(reward, reward), lambda r: r.logp, rng)
assert isinstance(batch, Batch)
print([round(a, 2) for a in batch.advantage.tolist()])
loss, _ = algorithm.loss(-ones, None, batch, Totals.of(batch, 2))
assert abs(loss) < 1e-6
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example is installed into; its source tree stays as it is."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PACKAGE, folder / "source")
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "--target", target, source], check=True)
    return target


def test_the_example_is_listed_and_weighs_by_the_mean(site: Path) -> None:
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[3.0, -1.0, -1.0, -1.0]"


def test_the_example_is_compared_like_any_other(bench: Bench, site: Path, tmp_path: Path) -> None:
    words = ("compare", "--algos", "grpo,max-rl", *TINY, "--seeds", "1", "--steps", "2")
    done = bench(*words, "--out", tmp_path / "c", PYTHONPATH=f"{site}{os.pathsep}{ROOT}")
    assert done.returncode == 0, done.stderr
    first = [
        next(read_lines(tmp_path / "c" / a / "seed-1/steps.jsonl")) for a in ("grpo", "max-rl")
    ]
    assert first[0]["reward"] == first[1]["reward"]
    assert first[0]["grad_norm"] != first[1]["grad_norm"]
    assert "max-rl" in (tmp_path / "c" / "report" / "report.md").read_text()
