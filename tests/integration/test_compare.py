"""``bench compare`` end to end: records, determinism, failures, interruption, exact resume."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from srpo_bench.results.store import read_json, read_lines
from tests.integration.conftest import TINY, Bench, command, environment, records
from tests.integration.processes import ended

pytestmark = pytest.mark.integration


def test_a_comparison_leaves_what_the_run_directory_promises(finished: Path) -> None:
    comparison = read_json(finished / "comparison.json")
    assert [arm["arm"] for arm in comparison["arms"]] == ["grpo", "srpo"]
    for arm in ("grpo", "srpo"):
        for seed in (1, 2):
            run = finished / arm / f"seed-{seed}"
            assert read_json(run / "status.json")["state"] == "done"
            contract = read_json(run / "manifest.json")["contract"]
            assert contract.pop("pool_digest_seed")  # of the seed's own pool, equal over arms
            assert contract == comparison["contract"]
            assert [line["step"] for line in read_lines(run / "steps.jsonl")] == [1, 2, 3, 4, 5, 6]
            assert [line["step"] for line in read_lines(run / "evals.jsonl")] == [0, 2, 4, 6]
            assert len(list(read_lines(run / "timing.jsonl"))) == 7
            assert (run / "checkpoints" / "step-6" / "model.safetensors").is_file()


def test_the_report_is_written(finished: Path) -> None:
    report = finished / "report"
    summary = json.loads((report / "summary.json").read_text())
    assert {"arms", "comparisons", "claims"} <= set(summary)
    assert "<html" in (report / "index.html").read_text()
    assert (report / "report.md").is_file()
    assert list((report / "figures").glob("*.svg"))
    assert list((report / "figures").glob("*.png"))
    assert list((report / "tables").glob("*.csv"))


def test_every_response_is_booked_and_arms_generate_equally(finished: Path) -> None:
    booked = {}
    for arm in ("grpo", "srpo"):
        lines = list(read_lines(finished / arm / "seed-1" / "steps.jsonl"))
        booked[arm] = [line["ledger"]["responses"] for line in lines]
        for line in lines:
            ledger = line["ledger"]
            assert ledger["verifier_calls"] == ledger["responses"] == 24
            assert ledger["tokens_generated"] == round(line["length"] * 24)
            assert ledger["flops"] > 0
            assert ledger["updates"] == 1
    assert booked["grpo"] == booked["srpo"]


def test_one_seed_sees_the_same_first_batch_and_evaluation(finished: Path) -> None:
    first = [next(read_lines(finished / a / "seed-1" / "evals.jsonl")) for a in ("grpo", "srpo")]
    assert first[0] == first[1]
    steps = [next(read_lines(finished / a / "seed-1" / "steps.jsonl")) for a in ("grpo", "srpo")]
    assert steps[0]["reward"] == steps[1]["reward"]
    assert steps[0]["length"] == steps[1]["length"]


def test_parallel_workers_write_the_same_bits(bench: Bench, finished: Path, tmp_path: Path) -> None:
    done = bench("compare", *TINY, "--out", tmp_path / "c", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert records(tmp_path / "c") == records(finished)


def test_running_it_again_finds_nothing_to_do(bench: Bench, finished: Path) -> None:
    before = records(finished)
    done = bench("compare", *TINY, "--out", finished)
    assert done.returncode == 0, done.stderr
    assert records(finished) == before


def test_another_comparison_in_the_same_folder_is_refused(bench: Bench, finished: Path) -> None:
    before = records(finished)
    done = bench("compare", *TINY, "--out", finished, "--set", "optim.lr=1e-3")
    assert done.returncode == 2
    assert "holds another comparison" in done.stderr
    assert "optim.lr" in done.stderr
    assert records(finished) == before


def test_a_run_that_was_written_into_is_made_again_as_its_refusal_says(
    bench: Bench, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    shutil.copytree(finished, folder)
    run = folder / "srpo" / "seed-2"
    with (run / "evals.jsonl").open("a") as file:
        file.write("{}\n")
    for refused in (bench("report", folder), bench("resume", folder)):
        assert refused.returncode == 2
        assert f"delete all of {run} but its manifest.json, and bench resume" in refused.stderr
    for path in run.iterdir():
        if path.name != "manifest.json":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    assert records(folder) == records(finished)


def wait_for(process: subprocess.Popen[str], condition: object) -> None:
    """Look until the condition holds; fail if the process ends before."""
    assert callable(condition)
    while not condition():
        assert not ended(process), process.stdout.read() if process.stdout else ""


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


POINTS = {
    "before the first checkpoint": lambda run: lines(run / "steps.jsonl") >= 1,
    "between two checkpoints": lambda run: lines(run / "steps.jsonl") >= 3,
    "inside a checkpoint's write": lambda run: bool(list(run.glob("attempts/*/outbox/step-4"))),
    "at the end": lambda run: lines(run / "steps.jsonl") >= 6,
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_runs_resume_exactly(
    bench: Bench, finished: Path, tmp_path: Path, point: str
) -> None:
    """SIGKILL to everything, then ``bench resume``: the same bits as runs never disturbed."""
    folder = tmp_path / "c"
    words = ["compare", *TINY, "--seeds", "1", "--out", str(folder), "--workers", "2"]
    process = subprocess.Popen(
        command(*words), env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
    )
    runs = [folder / arm / "seed-1" for arm in ("grpo", "srpo")]
    wait_for(process, lambda: any(POINTS[point](run) for run in runs))
    kill_everything(process, *runs)
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    expected = {k: v for k, v in records(finished).items() if "/seed-1/" in k}
    assert records(folder) == expected
    assert not list(folder.glob("*/seed-1/attempts/*/outbox/*"))


def kill_everything(process: subprocess.Popen[str], *runs: Path) -> None:
    """SIGKILL to the workers first, then to the command and its fork server."""
    for run in runs:
        if (run / "pid").exists():
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                os.kill(int((run / "pid").read_text()), signal.SIGKILL)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    bench: Bench, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    words = ["compare", *TINY, "--seeds", "2", "--out", str(folder), "--workers", "1"]
    process = subprocess.Popen(
        command(*words),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell gives its background jobs an ignored SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(process, lambda: lines(folder / "grpo" / "seed-1" / "steps.jsonl") >= 1)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert f"bench resume {folder}" in out
    assert "Traceback" not in err
    assert read_json(folder / "grpo" / "seed-1" / "status.json")["state"] == "stopped"
    done = bench("resume", folder)
    assert done.returncode == 0, done.stderr
    assert records(folder) == records(finished)


def test_a_failing_plug_in_fails_its_own_run_and_no_other(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from srpo_bench.algorithms.grpo import GRPO\n"
        "class Broken(GRPO):\n"
        "    name = 'broken'\n"
        "    steps = 0\n"
        "    def weigh(self, *args):\n"
        "        self.steps += 1\n"
        "        if self.steps == 3:\n"
        "            raise KeyError('prompt 7')\n"
        "        return super().weigh(*args)\n"
    )
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bench.algorithms]\nbroken = broken:Broken\n")
    folder = tmp_path / "c"
    words = ("compare", "--algos", "grpo,broken", *TINY, "--seeds", "1", "--out", folder)
    done = bench(*words, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "1 of 2 runs failed: broken/seed-1" in done.stderr
    status = read_json(folder / "broken" / "seed-1" / "status.json")
    assert status["state"] == "failed"
    assert status["reason"] == "Algorithm 'broken' raised KeyError in weigh: 'prompt 7'"
    assert read_json(folder / "grpo" / "seed-1" / "status.json")["state"] == "done"
    assert "prompt 7" in (folder / "report" / "report.md").read_text()
