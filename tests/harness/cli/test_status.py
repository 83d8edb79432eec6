"""``bench status``, word for word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from srpo_bench.harness.cli import status
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.results.seal import seal
from srpo_bench.results.store import append_line, write_json
from tests.harness.cli.screen import bench, printed

SECONDS = {"rollout": 2.0, "grading": 0.25, "training": 1.0, "sync": 0.0, "other": 0.5}


@pytest.fixture(autouse=True)
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run that is done, one that failed in its second attempt, one that waits."""
    config = Config.model_validate({"steps": 10, "seeds": 3})
    planned = PlannedComparison(tmp_path, config, [Arm(name="grpo", algorithm="grpo")], tmp_path)
    for seed, state in ((1, "done"), (2, "failed"), (3, "")):
        run = PlannedRun(tmp_path / "grpo" / f"seed-{seed}", planned.arms[0], seed)
        run.folder.mkdir(parents=True)
        if not state:
            continue
        write_json(run.folder / "status.json", {"state": state, "reason": "no [room]"})
        for attempt in range(seed):
            Attempt(run.folder, {"host": f"node-{attempt}"})
        for step in (0, 10):
            line = {"step": step, **SECONDS, "evaluation": 1.25, "processor": 0.75}
            append_line(run.folder / "timing.jsonl", line)
            append_line(run.folder / "evals.jsonl", {"step": step, "accuracy": 0.2512})
        append_line(run.folder / "steps.jsonl", {"step": 10, "reward": 0.5})
    monkeypatch.setattr(status, "read_planned", lambda folder: planned)


def test_it_is_told_by_a_machine_that_cannot_train() -> None:
    code = "import sys, srpo_bench.harness.cli.status, srpo_bench.harness.executors.elsewhere; "
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'transformers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_line_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(monkeypatch, "status", "anywhere") == 0
    head, *lines = printed(capsys)
    assert head == "1 of 3 runs done, 1 failed, about 40 s left"  # nobody is at work
    assert lines == [
        "run          state    step   accuracy  seconds  attempt  where",
        "grpo/seed-1  done     10/10  25.1 %    6        1        node-0",
        "grpo/seed-2  failed   10/10  25.1 %    6        2        node-1",
        "grpo/seed-3  waiting  0/10             0        0",
        "grpo/seed-2 failed: no [room]",
    ]


def test_for_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(monkeypatch, "status", "anywhere", "--json") == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert text.splitlines()[1].startswith('  "summary": "1 of 3 runs done, 1 failed')
    assert (found["seconds"], found["processor_seconds"]) == (12.4, 3.0)
    assert found["seconds_left"] == pytest.approx(10 * 3.75 + 2 * 1.25)
    assert found["runs"][1:] == [
        {
            "run": "grpo/seed-2", "state": "failed", "reason": "no [room]", "step": 10,
            "steps": 10, "accuracy": 0.2512, "seconds": 6.2, "processor_seconds": 1.5,
            "attempts": 2, "host": "node-1",
        },
        {
            "run": "grpo/seed-3", "state": "waiting", "reason": "", "step": 0,
            "steps": 10, "accuracy": None, "seconds": 0.0, "processor_seconds": 0.0,
            "attempts": 0, "host": "",
        },
    ]  # fmt: skip


def test_samples_may_be_thinned_and_the_rest_of_a_finished_run_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "grpo" / "seed-1"
    (run / "samples.jsonl").write_text("{}")
    seal(run)
    (run / "samples.jsonl").unlink()
    monkeypatch.setattr(status.Progress, "seconds_left", lambda _: 1.2499)
    assert bench(monkeypatch, "status", "anywhere", "--json") == 0
    assert json.loads(capsys.readouterr().out)["seconds_left"] == 1.2
    append_line(run / "evals.jsonl", {"step": 11, "accuracy": 0.25})
    assert bench(monkeypatch, "status", "anywhere") == 2
    assert "is not as it was when it was finished" in capsys.readouterr().err


def test_a_long_reason_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status_file = tmp_path / "grpo" / "seed-2" / "status.json"
    write_json(status_file, {"state": "failed", "reason": "why " * 60})
    assert bench(monkeypatch, "status", "anywhere") == 0
    assert printed(capsys)[-1] == ("grpo/seed-2 failed: " + "why " * 60).rstrip()


def test_seconds_have_one_digit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = {"step": 20, "training": 1.2345, "evaluation": 0.0, "processor": 0.6789}
    append_line(tmp_path / "grpo" / "seed-1" / "timing.jsonl", line)
    bench(monkeypatch, "status", "anywhere", "--json")
    found = json.loads(capsys.readouterr().out)
    for name in ("seconds", "processor_seconds", "seconds_left"):
        assert found[name] == round(found[name], 1)
    first = found["runs"][0]
    assert first["processor_seconds"] == round(first["processor_seconds"], 1)
