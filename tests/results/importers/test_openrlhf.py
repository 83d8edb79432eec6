"""OpenRLHF: lines as its trainers log them (``ppo_trainer.py``, ``ppo_trainer_async.py``)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.results.importers.openrlhf import cost, scores
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import contract, curve, evals, take

INFO = "INFO 08-13 19:25:45 ppo_trainer.py:594] "


def status(step: int) -> dict[str, float]:
    return {
        "policy_loss": -0.1,
        "reward": 0.5,
        "timing/generation": 1.0,
        "timing/step_total": 2.5,
        "rollout/num_samples": 16.0,
        "rollout/response_length_mean": 30.0,
    }


def scored(step: int) -> dict[str, float]:
    return {
        "eval_gsm8k_pass4": 0.9,
        "eval_gsm8k_pass1": 0.2 + step / 10,
        "eval_gsm8k_response_length_mean": 31.0,
        "eval_response_length_mean": 31.0,
    }


def console(path: Path, last: int = 4) -> Path:
    text = [f"{INFO}⏰ Evaluation start time: 2026-08-13 19:25:33"]
    for step in range(1, last + 1):
        prefix = "\x1b[36m(PPOTrainer pid=7)\x1b[0m "
        text.append(f"{prefix}{INFO}✨ Global step {step}: {status(step)}")
        if step % 2 == 0:
            text.append(
                f"{prefix}{INFO}✨ Evaluation completed in 0:00:12, global_step {step}, "
                f"eval_metrics: {scored(step)}"
            )
    path.write_text("\n".join(text) + "\n")
    return path


def test_the_console(tmp_path: Path) -> None:
    done = take("openrlhf", f"grpo/1={console(tmp_path / 'a.log')}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(2, 0.4), (4, 0.6)]
    assert done.metric["keys"] == ["eval_gsm8k_pass1"]
    assert done.written.without_start == ["grpo/seed-1"]
    assert evals(tmp_path / "out")[-1]["spent"] == {
        "responses": 64,
        "tokens": 4 * 480,
        "seconds": 10,
    }
    assert contract(tmp_path / "out")["responses_per_step"] is None  # step 0 is not there


def test_an_evaluation_that_another_process_printed_into_is_refused(tmp_path: Path) -> None:
    """It would else be one training step more."""
    path = console(tmp_path / "a.log")
    path.write_text(path.read_text().replace("pass1': 0.4", "pass1': 0.(Worker pid=7) 4"))
    with pytest.raises(ResultsError, match=r"line 4: 'eval_gsm8k_pass1' must be a number, not '0"):
        take("openrlhf", f"grpo/1={path}", out=tmp_path / "out")


def test_the_asynchronous_trainer(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"{INFO}Global step 2: {status(2)}\n{INFO}Eval at step 2: {scored(2)}\n")
    take("openrlhf", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(2, 0.4)]


def test_lines_of_its_logged_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        {"train/reward": 0.5, "train/global_step": 1},
        {"eval/eval_gsm8k_pass1": 0.5, "eval/eval_math_pass1": 0.3, "eval/global_step": 2},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = take("openrlhf", f"grpo/1={path}", out=tmp_path / "out")
    assert curve(tmp_path / "out") == [(2, 0.4)]
    assert done.written.unit == "rollout batch"
    assert done.notes.skipped == {"training steps without an evaluation": 1}


def test_what_a_row_cost() -> None:
    """Of a row that tells of no training nothing; of several steps something that is not known."""
    told = {
        "timing/step_total": 2.5,
        "train/rollout/num_samples": 16,
        "rollout/response_length_mean": 30.3,
    }
    assert cost(told, 1) == {"seconds": 2.5, "responses": 16, "tokens": 485}
    assert cost(told, 2) == {}
    for name, left in zip(told, (None, {"seconds": 2.5}, {"seconds": 2.5}), strict=True):
        assert cost(told | {name: None}, 1) == cost(told | {name: "16"}, 1) == left


def test_only_the_mean_over_responses_is_the_accuracy() -> None:
    assert scores({"eval_a_pass1": 1, "eval_a_pass1_std": 1, "eval_a_pass16": 1}) == {
        "a": "eval_a_pass1"
    }


def test_thrown_away_responses_leave_only_the_seconds(tmp_path: Path) -> None:
    path = console(tmp_path / "a.log")
    path.write_text(path.read_text().replace("'policy_loss'", "'dynamic_filtering_pass_rate'"))
    take("openrlhf", f"grpo/1={path}", out=tmp_path / "out")
    assert evals(tmp_path / "out")[-1]["spent"] == {"seconds": 10}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\n", "holds no metrics; is it a log of OpenRLHF's"),
        (f"{INFO}Global step 1: {status(1)}\n", "no held-out accuracy.*reward"),
        ("Eval at step 1: {'eval_a_pass1': nan}\n", "is empty or NaN"),
        ('{"eval_a_pass1": 0.5}\n', "line 1: step is empty"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(text)
    with pytest.raises(ResultsError, match=said):
        take("openrlhf", f"grpo/1={path}", out=tmp_path / "out")
