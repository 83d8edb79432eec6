"""TensorBoard: event files that torch's SummaryWriter writes in the test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from srpo_bench.results.importers import tensorboard
from srpo_bench.results.importers.record import Notes
from srpo_bench.results.importers.tensorboard import rows
from srpo_bench.results.store import ResultsError
from tests.results.importers.ask import curve, evals, take

pytest.importorskip("tensorboard")


def write(folder: Path, tag: str = "eval/reward", last: int = 10, **more: float) -> Path:
    """A run's folder of events; its one event file."""
    from torch.utils.tensorboard import SummaryWriter

    before = set(folder.glob("*")) if folder.exists() else set()
    with SummaryWriter(str(folder)) as writer:
        writer.add_text("note", "hello", 0)
        for step in range(0, last + 1, 5):
            writer.add_scalar("train/loss", 1.0, step)
            writer.add_scalar(tag, 0.25 + step / 40, step)
            for name, value in more.items():
                writer.add_scalar(name, value, step)
    (made,) = set(folder.iterdir()) - before
    return made


WANTED = [(0, 0.25), (5, 0.375), (10, 0.5)]


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        ("eval/rewards/accuracy_reward/mean", "eval/rewards/accuracy_reward/mean"),
        ("val-core/gsm8k/acc/mean@1", "val-core/gsm8k/acc/mean@1"),
        ("eval/eval_gsm8k_pass1", "eval/eval_gsm8k_pass1"),
    ],
)
def test_the_tags_of_trainers_are_known(tmp_path: Path, tag: str, key: str) -> None:
    folder = tmp_path / "grpo" / "seed-1"
    write(folder, tag)
    done = take("tensorboard", folder, out=tmp_path / "out")
    assert curve(tmp_path / "out") == WANTED
    assert done.metric["keys"] == [key]


def test_any_other_tag_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "run", "score")
    with pytest.raises(
        ResultsError, match=r"no held-out accuracy.*--metric KEY.*score, train/loss"
    ):
        take("tensorboard", f"grpo/1={file}", out=tmp_path / "out")
    done = take("tensorboard", f"grpo/1={file}", out=tmp_path / "out", metrics=["score"])
    assert curve(tmp_path / "out") == WANTED
    assert done.metric["kind"] == "not known to be held-out"


def test_several_metrics_make_a_mean(tmp_path: Path) -> None:
    file = write(tmp_path / "run", "a", b=0.75)
    take("tensorboard", f"grpo/1={file}", out=tmp_path / "out", metrics=["a", "b"])
    assert curve(tmp_path / "out") == [(0, 0.5), (5, 0.5625), (10, 0.625)]
    assert evals(tmp_path / "out")[0]["tasks"]["b"]["accuracy"] == 0.75


def test_a_resumed_run_has_several_files(tmp_path: Path) -> None:
    write(tmp_path / "run", "score")
    write(tmp_path / "run", "score", last=15)
    done = take("tensorboard", f"grpo/1={tmp_path / 'run'}", out=tmp_path / "o", metrics=["score"])
    assert curve(tmp_path / "o") == [*WANTED, (15, 0.625)]
    assert done.notes.skipped["identical duplicates"] == 3


def test_rows_are_numbered_by_their_first_event_and_other_files_are_left_alone(
    tmp_path: Path,
) -> None:
    """Behind the version and the note: a loss and a score a step; the first step may be 1."""
    from torch.utils.tensorboard import SummaryWriter

    write(tmp_path / "run", "score")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    (tmp_path / "run" / "old.tfevents").mkdir()
    found = list(rows(tmp_path / "run", Notes()))
    assert [(row.step, row.line) for row in found] == [(0, 3), (5, 5), (10, 7)]
    with SummaryWriter(str(tmp_path / "one")) as writer:
        writer.add_scalar("score", 0.5, 1)
    assert [(row.step, row.line) for row in rows(tmp_path / "one", Notes())] == [(1, 2)]


def test_a_torn_last_event_is_counted_and_damage_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "run", "score")
    whole = file.read_bytes()
    file.write_bytes(whole[:-7])
    done = take("tensorboard", f"grpo/1={file}", out=tmp_path / "torn", metrics=["score"])
    assert curve(tmp_path / "torn") == WANTED[:-1]
    assert done.notes.skipped["torn last event"] == 1
    for at in (len(whole) - 7, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with pytest.raises(ResultsError, match="is damaged at byte"):
            take("tensorboard", f"grpo/1={file}", out=tmp_path / "out", metrics=["score"])
    assert not (tmp_path / "out").exists()


def test_a_whole_record_that_is_no_event_is_named_by_its_place(tmp_path: Path) -> None:
    """Its length and its checksums are right."""
    import struct

    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    file = write(tmp_path / "run", "score")
    whole, data = file.read_bytes(), b"\xff no event"
    head = struct.pack("<Q", len(data))
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (head, data)]
    file.write_bytes(whole + head + sums[0] + data + sums[1])
    with pytest.raises(ResultsError, match=rf"byte {len(whole)}: no event\.$"):
        take("tensorboard", f"grpo/1={file}", out=tmp_path / "out", metrics=["score"])


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"algo,seed\n" * 9, "is no TensorBoard event file")],
)
def test_wrong_files_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=said):
        take("tensorboard", f"grpo/1={path}", out=tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match="holds no event files"):
        take("tensorboard", f"grpo/1={tmp_path / 'empty'}", out=tmp_path / "out")


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_file_loader", None)
    with pytest.raises(ResultsError, match=r"pip install 'srpo-bench\[tracking\]'"):
        take("tensorboard", f"grpo/1={file}", out=tmp_path / "out")


def test_both_forms_of_a_scalar_and_what_is_none() -> None:
    """Old writers say simple_value, new ones a tensor; only one number is a scalar."""
    import numpy as np
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.util.tensor_util import make_tensor_proto

    from srpo_bench.results.importers.tensorboard import _scalar

    def tensor(array: object) -> Summary.Value:
        return Summary.Value(tag="x", tensor=make_tensor_proto(array))

    assert _scalar(Summary.Value(tag="x", simple_value=0.7)) == 0.7
    assert _scalar(tensor(np.float32(0.7))) == 0.7
    assert _scalar(tensor(np.float64(0.1) + np.float64(0.2))) == 0.1 + 0.2
    assert _scalar(tensor(np.int64(3))) == 3.0
    assert _scalar(tensor(np.array([0.5]))) == 0.5
    assert _scalar(tensor(np.array([0.5, 0.25]))) is None
    assert _scalar(tensor(np.array([], dtype=np.float32))) is None
    assert _scalar(tensor(np.bool_(True))) is None
    assert _scalar(tensor(np.array(["a"]))) is None
    assert _scalar(Summary.Value(tag="x")) is None


def test_what_a_step_counts_by_its_tags() -> None:
    """transformers' Trainer wrote them where an evaluation's clock is among them."""
    assert tensorboard.counts({"eval/runtime": 1.0, "eval/accuracy": 0.5}) == "update"
    assert tensorboard.counts({"eval/accuracy": 0.5, "train/runtime": 1.0}) == "unstated"
    assert tensorboard.counts({"val-core/math/acc/mean@8": 0.5}) == "rollout batch"
    assert tensorboard._trl("eval/of eval/x") == "eval_of eval/x"
