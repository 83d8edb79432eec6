"""``bench eval`` as a person types it: a finished run's checkpoints, and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.conftest import TINY, Bench

pytestmark = pytest.mark.integration
FINAL = [
    *("--final-tasks", "micro-math", "--set", "final.problems=6"),
    *("--set", "final.k=2", "--set", "final.max_new_tokens=12"),
]
EVAL = ("--tasks", "micro-math", "--limit", "6", "--k", "2", "--max-new-tokens", "12")


@pytest.fixture(scope="module")
def comparison(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval") / "grpo"
    arms = ("--algos", "grpo", "--seeds", "5,6", "--set", "keep_checkpoints=2")
    done = bench("compare", *TINY, *FINAL, *arms, "--out", folder, "--workers", "1")
    assert done.returncode == 0, done.stderr
    return folder


def test_every_kept_checkpoint_is_scored_and_the_last_as_the_run_itself_scored_it(
    bench: Bench, comparison: Path, tmp_path: Path
) -> None:
    """Same seed, step and settings: the same draws, so the same score to the last bit."""
    words = ("--temperature", "1", "--threads", "1", "--seed", "5", "--json")
    done = bench("eval", "--model", comparison, *EVAL, *words, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert [s["model"] for s in record["scores"]] == [
        f"grpo/seed-{seed}/step-{step}" for seed in (5, 6) for step in (4, 6)
    ]
    final = json.loads((comparison / "grpo" / "seed-5" / "final.json").read_text())
    theirs, ours = final["tasks"]["micro-math"], record["scores"][1]
    assert {
        name: ours[name] for name in ("accuracy", "stderr", "n", "k", "outcomes", "length")
    } == {name: theirs[name] for name in ("accuracy", "stderr", "n", "k", "outcomes", "length")}
    assert len((tmp_path / "out" / "samples.jsonl").read_text().splitlines()) == 4 * 6 * 2


def test_a_run_and_a_plain_model_print_a_table(bench: Bench, comparison: Path) -> None:
    run = comparison / "grpo" / "seed-5"
    done = bench("eval", "--model", run, *EVAL, "--temperature", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["model", "task", "metric", "n"]
    assert [line.split()[0] for line in lines[1:3]] == ["step-4", "step-6"]
    assert " ± " in lines[1]


def test_arms_runs_and_checkpoints_are_tested_problem_by_problem(
    bench: Bench, comparison: Path, tmp_path: Path
) -> None:
    """No model is loaded: what the records say is read."""
    run, arm = comparison / "grpo" / "seed-5", comparison / "grpo"
    done = bench("eval", run, comparison / "grpo" / "seed-6", "--paired", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    final = [json.loads((arm / f"seed-{s}" / "final.json").read_text()) for s in (5, 6)]
    ours, theirs = (f["tasks"]["micro-math"] for f in final)
    (test,) = found["tests"]
    assert (found["phase"], test["task"], test["k"]) == ("final", "micro-math", [2, 2])
    assert test["result"]["ours"] == ours["accuracy"] == sum(ours["correct"]) / 12
    gap = [a - b for a, b in zip(ours["correct"], theirs["correct"], strict=True)]
    assert test["result"]["better"] == sum(g > 0 for g in gap)
    done = bench("eval", run / "checkpoints" / "step-4", run / "checkpoints" / "step-6", "--paired")
    assert done.returncode == 0, done.stderr
    assert "Of evaluations while training" in done.stdout
    for words, said in (
        ((run, "--paired"), "takes two folders"),
        ((run, arm), "A B needs --paired"),
        ((), "needs --model and --tasks"),
        ((comparison, arm, "--paired"), "whole comparison; name an arm of it"),
    ):
        done = bench("eval", *words)
        assert done.returncode == 2
        assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tasks", "gsm8"), "did you mean 'gsm8k'?"),
        (("--tasks", "micro-math", "--k", "4"), "all the same; set a temperature"),
        (("--tasks", "micro-math", "--limit", "0"), "greater than 0"),
        (("--tasks", "micro-math", "--backend", "lm_eval"), "did you mean 'lm-eval'?"),
        (("--tasks", "humaneval", "--backend", "lm-eval"), "running model output unprotected"),
        (("--tasks", "micro-math", "--style", "chat"), "needs a chat template"),
        (("--tasks", "gsm8k", "--data-dir", "/no/such"), "There is no gsm8k/test.jsonl"),
        (("--tasks", "micro-math", "--max-new-tokens", "4000"), "do not fit the model's context"),
        (("--tasks", "micro-math", "--out", "/etc"), "is not an empty folder"),
        (("--tasks", "micro-math", "--engine", "vlm"), "'rollout.engine' in the flags"),
    ],
)
def test_wrong_input(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
) -> None:
    from srpo_bench.harness.cli.app import main

    out = () if "--out" in words else ("--out", str(tmp_path / "out"))
    monkeypatch.setattr("sys.argv", ["bench", "eval", "--model", "micro", *words, *out])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
