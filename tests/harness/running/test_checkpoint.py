"""A checkpoint is whole or not there; what was written after it is cut off again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import digest
from srpo_bench.harness.running import checkpoint
from srpo_bench.results import store


def test_save_keeps_the_newest_and_rewind_cuts_the_records(
    tiny_folder: Path, tmp_path: Path
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    steps = tmp_path / "steps.jsonl"
    for step in (1, 2, 3):
        with steps.open("a") as f:
            f.write(f'{{"step":{step}}}\n')
        checkpoint.save(tmp_path, step, policy, {"x": torch.arange(step)}, keep=2)
    assert store.saved(tmp_path) == [2, 3]
    with steps.open("a") as f:
        f.write('{"step":4}\n{"ste')
    step, state = checkpoint.rewind(tmp_path, checkpoint.latest(tmp_path))
    assert step == 3
    assert state is not None
    assert state["x"].tolist() == [0, 1, 2]
    assert steps.read_text() == '{"step":1}\n{"step":2}\n{"step":3}\n'


def test_a_torn_checkpoint_is_not_seen_and_is_removed(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(tmp_path, 5, policy, {}, keep=1)
    torn = tmp_path / "checkpoints" / ".step-10"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    assert store.saved(tmp_path) == [5]
    checkpoint.rewind(tmp_path, checkpoint.latest(tmp_path))
    assert not torn.exists()


def test_without_a_checkpoint_a_run_starts_over(tmp_path: Path) -> None:
    (tmp_path / "evals.jsonl").write_text('{"step":0}\n')
    assert checkpoint.latest(tmp_path) is None
    assert checkpoint.rewind(tmp_path, None) == (0, None)
    assert (tmp_path / "evals.jsonl").read_text() == ""


def test_a_checkpoint_is_an_ordinary_model_folder(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(tmp_path, 1, policy, {}, keep=1)
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
    steps.write_text('{"step":1}\n{"step":2}\n')
    evals.write_text('{"step":0}\n')
    checkpoint.save(tmp_path, 2, policy, {}, keep=1)
    steps.write_text(steps.read_text() + '{"step":3}\n')
    if damage == "missing":
        evals.unlink()
    else:
        text = {"shorter": "{}\n", "torn": '{"step":0} ', "padded": '{"step":0\0\0\0'}[damage]
        evals.write_text(text)
    before = {path: path.read_bytes() for path in (steps, evals) if path.exists()}
    with pytest.raises(RunError, match=r"evals\.jsonl is damaged: .* at step 2\. Put it back, or"):
        checkpoint.rewind(tmp_path, checkpoint.latest(tmp_path))
    assert {path: path.read_bytes() for path in (steps, evals) if path.exists()} == before
    shutil.rmtree(tmp_path / "checkpoints")  # as the sentence says
    assert checkpoint.rewind(tmp_path, checkpoint.latest(tmp_path)) == (0, None)


def test_a_folder_that_is_no_checkpoint_is_left_alone(tiny_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    (tmp_path / "checkpoints" / "step-old").mkdir(parents=True)
    checkpoint.save(tmp_path, 1, policy, {}, keep=1)
    checkpoint.save(tmp_path, 2, policy, {}, keep=1)
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"step-old", "step-2"}


def test_a_tokenizer_with_several_templates_can_be_saved(tiny_folder: Path, tmp_path: Path) -> None:
    """They make a folder within the checkpoint."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.tokenizer.chat_template = {"default": "{{ messages }}", "tool_use": "{{ messages }}"}
    checkpoint.save(tmp_path, 1, policy, {}, keep=1)
    assert list((tmp_path / "checkpoints" / "step-1").rglob("*tool_use*"))


@pytest.mark.parametrize("name", ["state.pt", "progress.json"])
@pytest.mark.parametrize("how", ["emptied", "removed"])
def test_a_damaged_checkpoint_is_named_before_a_record_is_cut(
    tiny_folder: Path, tmp_path: Path, name: str, how: str
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    checkpoint.save(tmp_path, 5, policy, {}, keep=1)
    (tmp_path / "steps.jsonl").write_text('{"step":6}\n')
    path = tmp_path / "checkpoints" / "step-5" / name
    path.write_bytes(b"") if how == "emptied" else path.unlink()
    with pytest.raises(RunError, match=r"step-5 is damaged .*: delete that folder to go on"):
        checkpoint.rewind(tmp_path, checkpoint.latest(tmp_path))
    assert (tmp_path / "steps.jsonl").read_text() == '{"step":6}\n'
