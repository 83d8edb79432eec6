"""The last scoring: its own benchmarks and lengths, once a run, the same after an interruption."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json
from tests.integration.conftest import TINY, Bench, records

pytestmark = pytest.mark.integration

FINAL = [
    *("--algos", "grpo", "--seeds", "1", "--workers", "1", "--steps", "2"),
    *("--set", "rollout.max_new_tokens=12"),
    *("--final-tasks", "micro-math,micro-humaneval"),
    *("--set", "final.problems={micro-math: 5, micro-humaneval: 4}", "--set", "final.k=2"),
]


@pytest.fixture(scope="module")
def scored(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("final") / "c"
    done = bench("compare", *TINY, *FINAL, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def timing(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]


def test_the_trained_policy_is_scored_on_the_final_benchmarks(scored: Path) -> None:
    run = scored / "grpo" / "seed-1"
    final = read_json(run / "final.json")
    assert final["step"] == 2
    asked = {task: (score["n"], score["k"]) for task, score in final["tasks"].items()}
    assert asked == {"micro-math": (5, 2), "micro-humaneval": (4, 2)}
    kept = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    lengths = [s["length"] for s in kept if s["phase"] == "final"]
    assert max(lengths) > 12  # the task's own limit, not that of training
    assert max(s["length"] for s in kept if s["phase"] != "final") <= 12
    last = timing(run)[-1]
    assert last["evaluation"] > 0
    assert sum(last[part] for part in ("rollout", "grading", "training", "other")) == 0


def test_what_was_scored_is_part_of_the_contract_and_of_the_record(scored: Path) -> None:
    record, manifest = (
        read_json(scored / name) for name in ("comparison.json", "grpo/seed-1/manifest.json")
    )
    assert record["contract"]["final.k"] == 2
    assert len(record["contract"]["final_digest"]) == 64
    assert record["data"] == manifest["data"]
    roles = [(d["task"], d["role"], d["used"]) for d in record["data"]]
    assert ("micro-humaneval", "final", 4) in roles


def test_the_report_shows_the_final_scores(scored: Path) -> None:
    header, base, arm = (scored / "report/tables/benchmarks.csv").read_text().splitlines()
    assert "micro-humaneval (n = 4, avg@2)" in header
    assert base.startswith("base,")
    assert arm.startswith("grpo,")


def test_a_run_without_its_final_scores_gets_them_again_bit_by_bit(
    bench: Bench, scored: Path
) -> None:
    run = scored / "grpo" / "seed-1"
    scores, before = (run / "final.json").read_bytes(), records(scored)
    steps = [line["step"] for line in timing(run)]
    (run / "final.json").unlink()
    done = bench("resume", scored, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert (run / "final.json").read_bytes() == scores
    assert records(scored) == before
    assert [line["step"] for line in timing(run)] == steps


def test_without_final_benchmarks_nothing_is_added(finished: Path) -> None:
    assert not list(finished.glob("*/seed-*/final.json"))
    contract = read_json(finished / "comparison.json")["contract"]
    assert not [field for field in contract if field.startswith("final")]
