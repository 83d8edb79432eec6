"""Files that TRL, verl's loggers and TensorBoard wrote themselves; see ../recorded/README.md."""

import json
from pathlib import Path

import pytest

from tests.results.importers.ask import contract, curve, evals, take

RECORDED = Path(__file__).parents[1] / "recorded"
STATE = RECORDED / "trl-two-sets.json"


def sets() -> dict[tuple[int, str], float]:
    """(step, evaluation set) -> accuracy, as TRL's entries have them."""
    found = {}
    for entry in json.loads(STATE.read_text())["log_history"]:
        for name in ("small", "hard_sums"):
            if f"eval_{name}_runtime" in entry:
                found[entry["step"], name] = entry["eval_rewards/accuracy/mean"]
    return found


def manifest(out: Path) -> dict:
    return json.loads((out / "grpo" / "seed-1" / "manifest.json").read_text())


def test_trls_evaluation_sets_are_told_apart_by_name(tmp_path: Path) -> None:
    take("trl", f"grpo/1={STATE}", out=tmp_path / "out")
    lines = evals(tmp_path / "out")
    assert [line["step"] for line in lines] == [0, 2, 4, 6]
    read = {(x["step"], t): s["accuracy"] for x in lines for t, s in x["tasks"].items()}
    assert read == sets()
    assert lines[1]["accuracy"] == pytest.approx((sets()[2, "small"] + sets()[2, "hard_sums"]) / 2)


def test_and_so_are_those_that_it_logs_to_tensorboard(tmp_path: Path) -> None:
    """A set's own tags come before those that it shares with the set before it."""
    pytest.importorskip("tensorboard")
    path = RECORDED / "trl-two-sets.tfevents"
    take("tensorboard", f"grpo/1={path}", out=tmp_path / "out")
    lines = evals(tmp_path / "out")
    read = {(x["step"], t): s["accuracy"] for x in lines for t, s in x["tasks"].items()}
    assert read == pytest.approx(sets(), rel=1e-6)
    assert manifest(tmp_path / "out")["unit"] == "update"


def test_trls_steps_are_updates_and_become_batches_of_rollouts(tmp_path: Path) -> None:
    take("trl", f"grpo/1={STATE}", out=tmp_path / "a")
    assert manifest(tmp_path / "a")["unit"] == "update"
    assert [x["spent"]["updates"] for x in evals(tmp_path / "a")] == [0, 2, 4, 6]
    done = take("trl", f"grpo/1={STATE}", out=tmp_path / "b", updates_per_step=4)
    lines = evals(tmp_path / "b")
    assert [(x["step"], x["spent"]["updates"]) for x in lines] == [(0, 0), (1, 4), (2, 6)]
    assert lines[1]["tasks"]["small"]["accuracy"] == sets()[4, "small"]
    assert manifest(tmp_path / "b")["unit"] == "rollout batch"
    assert contract(tmp_path / "b")["steps"] == 2
    assert (
        done.notes.skipped["evaluations between the updates of a step; the last of it counts"] == 2
    )


def test_verls_loggers_say_the_same_in_their_three_forms(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    logs = {"console": ("verl", "verl-console.log"), "file": ("verl", "verl.jsonl"),
            "events": ("tensorboard", "verl.tfevents")}  # fmt: skip
    curves = {}
    for name, (kind, file) in logs.items():
        take(kind, f"grpo/1={RECORDED / file}", out=tmp_path / name)
        curves[name] = curve(tmp_path / name)
        assert manifest(tmp_path / name)["unit"] == "rollout batch"
    data = [json.loads(line) for line in (RECORDED / "verl.jsonl").read_text().splitlines()]
    keys = [f"val-core/{d}/acc/mean@4" for d in ("openai/gsm8k", "HuggingFaceH4/MATH-500")]
    wanted = [
        (x["step"], round(sum(x["data"][k] for k in keys) / 2, 6))
        for x in data
        if keys[0] in x["data"]
    ]
    assert curves["console"] == curves["file"] == curves["events"] == wanted
    assert [step for step, _ in wanted] == [0, 2, 4]
    for name in ("console", "file"):
        spent = evals(tmp_path / name)[1]["spent"]
        assert spent == {"responses": 32, "tokens": 16 * (31 + 32), "seconds": 2 * 4.3125}
        assert contract(tmp_path / name)["responses_per_step"] == 16


def test_the_console_and_the_file_of_one_run_are_one(tmp_path: Path) -> None:
    done = take(
        "verl",
        f"grpo/1={RECORDED / 'verl-console.log'}",
        f"grpo/1={RECORDED / 'verl.jsonl'}",
        out=tmp_path / "out",
        updates_per_step=3,
    )
    assert done.notes.skipped["identical duplicates"] == 6
    assert [x["spent"]["updates"] for x in evals(tmp_path / "out")] == [0, 6, 12]
