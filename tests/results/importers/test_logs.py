"""What is said of a log without an accuracy, and which words mean held-out."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.importers.logs import SHOWN, _nothing, held_out, real
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import take

LOG, TRAINER = Path("log"), SimpleNamespace(says="a log of X's")


def nothing(metrics: list[str], *keys: str) -> str:
    trainer: Any = TRAINER
    return _nothing(LOG, trainer, metrics, dict.fromkeys(keys))


def test_a_log_without_metrics_is_perhaps_another_trainers() -> None:
    assert nothing([]) == "log holds no metrics; is it a log of X's?"


def test_held_out_names_come_first_then_the_alphabet() -> None:
    assert nothing([], "b", "val/a", "a", "eval_z").endswith("There are: eval_z, val/a, a, b.")
    assert nothing([], "b").startswith("log holds no held-out accuracy that is known as one.")


def test_the_first_twenty_are_listed() -> None:
    names = [f"k{i:02}" for i in range(SHOWN + 1)]
    assert nothing([], *names).endswith("k18, k19 and 1 more.")
    assert nothing([], *names[:-1]).endswith("k18, k19.")


def test_a_name_that_is_not_there() -> None:
    assert nothing(["evil/acc"], "eval/acc", "loss") == (
        "log has no metric 'evil/acc'; did you mean 'eval/acc'? There are: eval/acc, loss."
    )
    assert nothing(["zzz", "y"], "loss") == "log has no metric 'zzz, y'. There are: loss."


@pytest.mark.parametrize(
    "key", ["eval/acc", "acc_val", "x/Test/y", "validation", "valid-x", "eval/constrained"]
)
def test_words_that_mean_held_out(key: str) -> None:
    assert held_out(key)


@pytest.mark.parametrize(
    "key",
    [
        "evaluate",
        "interval",
        "latest",
        "train/acc",
        "value",
        "eval_train_accuracy",
        "val-core/my-training/acc/mean@1",
    ],
)
def test_words_that_do_not(key: str) -> None:
    assert not held_out(key)


def test_what_is_a_number() -> None:
    assert (real(3), real(0.5)) == (3.0, 0.5)
    assert [real(x) for x in (True, "3", None, float("nan"), float("inf"))] == [None] * 5


@pytest.mark.parametrize(("step", "said"), [(-5, "negative, got -5"), (2 * 10**9, "is a date")])
@pytest.mark.parametrize("format", ["trl", "tensorboard"])
def test_a_step_is_one_in_every_log(tmp_path: Path, format: str, step: int, said: str) -> None:
    file = tmp_path / "log"
    if format == "trl":
        history = [{"step": n, "eval_accuracy": 0.5} for n in (step, 4)]
        file.write_text(json.dumps({"log_history": history}))
    else:
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(file) as writer:  # type: ignore[no-untyped-call]
            writer.add_scalar("eval/accuracy", 0.5, step)  # type: ignore[no-untyped-call]
    with pytest.raises(ResultsError, match=rf"^{file}, (log entry|event) \d: step .*{said}"):
        take(format, f"grpo/1={file}", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
