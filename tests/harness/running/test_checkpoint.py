"""A checkpoint is whole or not there; what was written after it is cut off again."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import digest
from srpo_bench.harness.running import checkpoint, intact
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.results import store


def at_work(run: Path, records: Mapping[str, str] | None = None) -> Attempt:
    """An attempt that has taken the records over as they are."""
    for name, text in (records or {}).items():
        (run / name).write_text(text)
    attempt = Attempt(run)
    paths = {name: run / name for name in checkpoint.RECORDS}
    attempt.take_records({n: p.stat().st_size if p.exists() else 0 for n, p in paths.items()})
    return attempt


def test_save_keeps_the_newest_and_rewind_cuts_the_records(
    tiny_folder: Path, tmp_path: Path
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    steps, attempt = tmp_path / "steps.jsonl", at_work(tmp_path)
    for step in (1, 2, 3):
        attempt.append("steps.jsonl", {"step": step})
        checkpoint.save(attempt, step, policy, {"x": torch.arange(step)}, keep=2)
    assert store.saved(tmp_path) == [2, 3]
    with steps.open("a") as f:
        f.write('{"step":4}\n{"ste')
    step, state = checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    assert step == 3
    assert state is not None
    assert state["x"].tolist() == [0, 1, 2]
    assert steps.read_text() == '{"step":1}\n{"step":2}\n{"step":3}\n'


def test_a_torn_checkpoint_is_not_seen_and_is_removed(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    attempt = at_work(tmp_path)
    checkpoint.save(attempt, 5, policy, {}, keep=1)
    torn = attempt.prepare("step-10")
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    assert store.saved(tmp_path) == [5]
    checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    assert not torn.exists()
    assert store.saved(tmp_path) == [5]


def test_without_a_checkpoint_a_run_starts_over(tmp_path: Path) -> None:
    (tmp_path / "evals.jsonl").write_text('{"step":0}\n')
    assert checkpoint.latest(tmp_path) is None
    assert checkpoint.rewind(Attempt(tmp_path), None) == (0, None)
    assert (tmp_path / "evals.jsonl").read_text() == ""


def test_a_checkpoint_is_an_ordinary_model_folder(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(at_work(tmp_path), 1, policy, {}, keep=1)
    again = load_policy(tmp_path / "checkpoints" / "step-1", "float32", "cpu")
    for old, new in zip(policy.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(old, new)
    assert again.encode("a b") == policy.encode("a b")
    saved = tmp_path / "checkpoints" / "step-1"
    before = digest(saved)
    assert digest(saved) == before
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert digest(saved) != before


@pytest.mark.parametrize("damage", ["shorter", "missing", "torn", "padded"])
def test_records_that_are_not_those_of_the_checkpoint_are_refused(
    tiny_folder: Path, tmp_path: Path, damage: str
) -> None:
    """Cutting a file that is too short would extend it, with NUL bytes."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    steps, evals = tmp_path / "steps.jsonl", tmp_path / "evals.jsonl"
    written = {"steps.jsonl": '{"step":1}\n{"step":2}\n', "evals.jsonl": '{"step":0}\n'}
    checkpoint.save(at_work(tmp_path, written), 2, policy, {}, keep=1)
    steps.write_text(steps.read_text() + '{"step":3}\n')
    if damage == "missing":
        evals.unlink()
    else:
        text = {"shorter": "{}\n", "torn": '{"step":0} ', "padded": '{"step":0\0\0\0'}[damage]
        evals.write_text(text)
    before = {path: path.read_bytes() for path in (steps, evals) if path.exists()}
    with pytest.raises(RunError, match=r"evals\.jsonl is damaged: .* at step 2\. Put it back, or"):
        checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    assert {path: path.read_bytes() for path in (steps, evals) if path.exists()} == before
    shutil.rmtree(tmp_path / "checkpoints")  # as the sentence says
    assert checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path)) == (0, None)


def test_a_folder_that_is_no_checkpoint_is_left_alone(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    (tmp_path / "checkpoints" / "step-old").mkdir(parents=True)
    attempt = at_work(tmp_path)
    checkpoint.save(attempt, 1, policy, {}, keep=1)
    checkpoint.save(attempt, 2, policy, {}, keep=1)
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"step-old", "step-2"}


def test_a_tokenizer_with_several_templates_can_be_saved(tiny_folder: Path, tmp_path: Path) -> None:
    """They make a folder within the checkpoint."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.tokenizer.chat_template = {"default": "{{ messages }}", "tool_use": "{{ messages }}"}
    checkpoint.save(at_work(tmp_path), 1, policy, {}, keep=1)
    assert list((tmp_path / "checkpoints" / "step-1").rglob("*tool_use*"))


@pytest.mark.parametrize("name", ["state.pt", "progress.json"])
@pytest.mark.parametrize("how", ["emptied", "removed"])
def test_a_damaged_checkpoint_is_named_before_a_record_is_cut(
    tiny_folder: Path, tmp_path: Path, name: str, how: str
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(at_work(tmp_path), 5, policy, {}, keep=1)
    (tmp_path / "steps.jsonl").write_text('{"step":6}\n')
    path = tmp_path / "checkpoints" / "step-5" / name
    path.write_bytes(b"") if how == "emptied" else path.unlink()
    with pytest.raises(RunError, match=r"step-5 is damaged .*: delete that folder to go on"):
        checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    assert (tmp_path / "steps.jsonl").read_text() == '{"step":6}\n'


def test_a_state_is_read_onto_the_cpu_and_runs_no_code(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device may hold no second optimiser state, and a pickle may hold a program."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(at_work(tmp_path), 1, policy, {"x": 1}, keep=1)
    load, asked = torch.load, []

    def watched(path: Path, **how: object) -> object:
        asked.append(how)
        return load(path, **how)

    monkeypatch.setattr(torch, "load", watched)
    checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    assert asked == [{"map_location": "cpu", "weights_only": True}]


@pytest.mark.parametrize(
    "name", ["model.safetensors", "state.pt", "config.json", "progress.json", "../../steps.jsonl"]
)
def test_a_digit_that_changed_is_never_gone_on_from(
    tiny_folder: Path, tmp_path: Path, name: str
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    attempt = at_work(tmp_path)
    attempt.append("steps.jsonl", {"step": 5, "reward": 0.25})
    checkpoint.save(attempt, 5, policy, {"x": torch.arange(9)}, keep=1)
    path = tmp_path / "checkpoints" / "step-5" / name
    content = path.read_bytes()
    place = content.index(b"5") if name.endswith("progress.json") else len(content) // 2
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(RunError, match="is damaged"):
        checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))
    path.write_bytes(content)
    assert checkpoint.rewind(Attempt(tmp_path), checkpoint.latest(tmp_path))[0] == 5


def test_a_state_of_another_kind_is_named(tmp_path: Path) -> None:
    """Whole by its digest, and yet none that this torch reads."""
    for content in (b"", b"no zip", b"\x80\x02cos\nsystem\nq\x00."):
        (tmp_path / "state.pt").write_bytes(content)
        with pytest.raises(RunError, match=r"is damaged \(\w+\): delete that folder to go on"):
            checkpoint._state(tmp_path)


def test_all_of_a_checkpoint_is_on_the_disk_before_it_has_its_name(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    attempt = at_work(tmp_path)
    synced: set[int] = set()
    closed: list[int] = []
    fsync, close = os.fsync, os.close

    def flush(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)
        fsync(fd)

    def shut(fd: int) -> None:
        closed.append(os.fstat(fd).st_ino)
        close(fd)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "close", shut)
    checkpoint.save(attempt, 1, policy, {}, keep=1)
    monkeypatch.undo()
    folder = tmp_path / "checkpoints" / "step-1"
    inodes = {path.stat().st_ino for path in [*folder.rglob("*"), folder]}
    assert inodes <= synced
    assert inodes <= set(closed)


def test_a_record_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert intact._holds(tmp_path / "none", 0, None)
    assert not intact._holds(tmp_path / "none", 1, None)


@pytest.mark.parametrize("length", [0, 1, 3, None])
def test_a_digest_is_of_the_first_bytes(tmp_path: Path, length: int | None) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"abcd")
    assert intact._sha256(path, length) == hashlib.sha256(b"abcd"[:length]).hexdigest()
