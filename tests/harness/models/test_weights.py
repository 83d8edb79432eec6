"""Which files are a model's weights, and what is said of those that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.weights import INDEX, WHOLE, check_weights, parameters, weight_files


def saved(path: Path, name: str, numbers: int) -> None:
    save_file({name: torch.zeros(numbers)}, path)


def sharded(folder: Path) -> None:
    saved(folder / "model-00001-of-00002.safetensors", "a", 3)
    saved(folder / "model-00002-of-00002.safetensors", "b", 4)
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / INDEX).write_text(json.dumps({"weight_map": {**shards, "c": shards["a"]}}))


def test_the_whole_file_goes_before_shards(tmp_path: Path) -> None:
    assert weight_files(tmp_path) == []
    sharded(tmp_path)
    assert [path.name[:11] for path in weight_files(tmp_path)] == ["model-00001", "model-00002"]
    saved(tmp_path / WHOLE, "a", 5)
    assert weight_files(tmp_path) == [tmp_path / WHOLE]


def test_what_lies_beside_the_weights_is_not_counted(tmp_path: Path) -> None:
    sharded(tmp_path)
    saved(tmp_path / "consolidated.safetensors", "a", 7)
    check_weights(tmp_path)
    assert parameters(tmp_path) == 3 + 4
    saved(tmp_path / WHOLE, "a", 5)
    assert parameters(tmp_path) == 5


def test_a_shard_that_is_missing_is_told(tmp_path: Path) -> None:
    sharded(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(UserError, match=r"00002-of-00002\.safetensors, which .* is missing\.$"):
        check_weights(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"weight_map": 1}', "{}"])
def test_an_index_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_text(text)
    with pytest.raises(UserError, match=r"index\.json names no files of weights\.$"):
        weight_files(tmp_path)


def test_a_pointer_of_git_lfs_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / WHOLE).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(UserError, match=r"is Git LFS's pointer .*: git lfs pull fetches them\.$"):
        check_weights(tmp_path)
    (tmp_path / WHOLE).write_bytes(b"half")
    with pytest.raises(UserError, match=r"model\.safetensors holds no weights that can be read"):
        check_weights(tmp_path)
