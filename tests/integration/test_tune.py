"""``bench tune`` and ``bench compare --tuned`` end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.results.store import read_json
from tests.integration.conftest import Bench, records

pytestmark = pytest.mark.integration

TASK = ["--preset", "smoke", "--steps", "2", "--tasks", "micro-gsm8k", "--workers", "1"]
SIZES = [
    *("--set", "evaluation.problems=2", "--set", "rollout.prompts_per_step=2"),
    *("--set", "data.pool_size=4"),
]


def test_a_tuning_is_resumed_used_and_told(bench: Bench, tmp_path: Path) -> None:
    out, compared = tmp_path / "tuning", tmp_path / "compared"
    search = [
        "tune",
        "--algo",
        "grpo",
        "--param",
        "optim.lr=1e-4,2e-4",
        "--seeds",
        "101-101",
        *TASK,
    ]
    done = bench(*search, *SIZES, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "2 of 2: grpo with optim.lr=0.0002" in done.stdout
    assert f"bench compare --tuned {out}" in done.stdout
    first = read_json(out / "tuning.json")
    assert [len(c["scores"]) for c in first["candidates"]] == [1, 1]
    kept = records(out / "grpo-1")
    (out / "grpo-2" / "grpo" / "seed-101" / "status.json").unlink()
    again = bench(*search, *SIZES, "--out", out)
    assert again.returncode == 0, again.stderr
    assert read_json(out / "tuning.json") == first
    assert records(out / "grpo-1") == kept

    used = bench(
        "compare",
        "--algos",
        "srpo,grpo",
        "--tuned",
        out,
        "--seeds",
        "1",
        *TASK,
        *SIZES,
        "--out",
        compared,
    )
    assert used.returncode == 0, used.stderr
    lr = read_json(compared / "comparison.json")["contract"]["optim.lr"]
    assert lr == first["chosen"]["shared"]["optim.lr"]
    text = (compared / "report" / "report.md").read_text()
    assert "### Tuning" in text
    assert "grpo: 2 candidates, 2 runs" in text
    assert "Not tuned themselves: srpo." in text
