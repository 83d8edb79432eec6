"""Where a base comes from: folders, GGUF files and hub ids; what is none is one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import transformers
from huggingface_hub.errors import LocalEntryNotFoundError

from srpo_bench.harness.config import Model
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models import resolve as module
from srpo_bench.harness.models.resolve import digest, resolve


def touched(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"GGUF " + name.encode())
    return folder


def refused(path: Path | str) -> str:
    with pytest.raises(UserError) as told:
        resolve(Model(path=str(path)))
    return str(told.value)


def test_a_folder_needs_configuration_and_weights(tmp_path: Path) -> None:
    folder = touched(tmp_path / "a", "config.json")
    assert "has a config.json but no weights as model.safetensors" in refused(folder)
    assert "no weights" in refused(touched(folder, "consolidated.safetensors"))
    assert resolve(Model(path=str(touched(folder, "model.safetensors")))) == folder
    assert "is not a model folder: it has no config.json." in refused(touched(tmp_path / "b"))
    many = touched(tmp_path / "c", "x.gguf", "y.gguf")
    assert "it has 2 .gguf files: name one of them." in refused(many)


def test_what_trainers_leave_names_what_to_take_instead(tmp_path: Path) -> None:
    out = touched(tmp_path / "out")
    for name in ("checkpoint-10", "checkpoint-20"):
        touched(out / name, "config.json")
    said = "it has no config.json. Below it lie checkpoint-10, checkpoint-20: name one of these."
    assert refused(out).endswith(said)
    adapter = touched(tmp_path / "lora", "adapter_config.json", "adapter_model.safetensors")
    assert "holds an adapter: merge it into its base" in refused(adapter)


def test_a_name_that_is_nothing(tmp_path: Path) -> None:
    said = "is neither 'micro', nor a folder"
    for name in ("nothing", "a/b/c", str(tmp_path / "a")):
        assert said in refused(name)
    touched(tmp_path, "model.bin")
    assert said in refused(tmp_path / "model.bin")


class Opened:
    """A model that GGUF was read into, as far as it is used."""

    def __init__(self, made: list[Any]) -> None:
        self.made = made
        self.config = type("C", (), {})()
        self.config.quantization_config = 1
        self.hf_quantizer = 2

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        assert not hasattr(self.config, "quantization_config")
        assert self.hf_quantizer is None
        self.made.append(folder.name)
        (folder / "config.json").write_text("{}")


class Saved:
    def save_pretrained(self, folder: Path) -> None:
        (folder / "tokenizer.json").write_text("{}")


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []

    def open_it(folder: Path, gguf_file: str) -> Opened:
        made.append((folder, gguf_file))
        return Opened(made) if kind == "model" else Saved()

    def model(*words: Any, **more: Any) -> Any:
        nonlocal kind
        kind = "model"
        return open_it(*words, **more)

    def tokenizer(*words: Any, **more: Any) -> Any:
        nonlocal kind
        kind = "tokenizer"
        return open_it(*words, **more)

    kind = ""
    monkeypatch.setattr(module.platformdirs, "user_cache_dir", lambda name: tmp_path / name)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", model)
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", tokenizer)
    return made


def test_a_gguf_is_dequantised_once_and_kept_by_its_digest(tmp_path: Path, gguf: list[Any]) -> None:
    folder = touched(tmp_path / "q", "m.gguf")
    kept = resolve(Model(path=str(folder / "m.gguf")))
    assert kept.parent == tmp_path / "srpo-bench" / "models"
    assert len(kept.name) == 16
    assert sorted(p.name for p in kept.iterdir()) == ["config.json", "tokenizer.json"]
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]
    assert gguf[:2] == [(folder, "m.gguf")] * 2
    assert resolve(Model(path=str(folder))) == kept
    assert len(gguf) == 3  # nothing was opened or saved again


def test_a_gguf_that_another_process_finished_first(
    tmp_path: Path, gguf: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = touched(tmp_path / "q", "m.gguf")

    def taken(self: Path, target: Path) -> None:
        touched(target, "theirs")
        raise OSError(39, "not empty")

    monkeypatch.setattr(Path, "replace", taken)
    kept = resolve(Model(path=str(folder)))
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]
    assert [p.name for p in kept.iterdir()] == ["theirs"]


def test_a_cache_that_cannot_be_written_is_told_and_nothing_is_left(
    tmp_path: Path, gguf: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = touched(tmp_path / "q", "m.gguf")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        resolve(Model(path=str(folder)))
    monkeypatch.setattr(Saved, "save_pretrained", interrupted)
    with pytest.raises(KeyboardInterrupt):
        resolve(Model(path=str(folder)))
    assert list((tmp_path / "srpo-bench" / "models").iterdir()) == []


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_what_is_no_gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touched(tmp_path) / "m.gguf"
    path.write_bytes(b"GGU")
    assert refused(path) == f"{path} is not a GGUF file."
    path.write_bytes(b"GGUF but nothing of it")

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("bad tensor")

    monkeypatch.setattr(module.platformdirs, "user_cache_dir", lambda name: tmp_path / "cache")
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", broken)
    assert refused(path) == f"{path} could not be read as a GGUF model: bad tensor"


def test_a_hub_id_is_asked_for_what_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def download(path: str, **how: Any) -> str:
        asked.append((path, how))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert resolve(Model(path="owner/name", revision="v1")) == tmp_path
    ((path, how),) = asked
    assert (path, how["revision"]) == ("owner/name", "v1")
    assert {"*.json", "*.safetensors", "tokenizer*"} <= set(how["allow_patterns"])
    assert how["ignore_patterns"] == ["consolidated*"]

    def gone(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("x")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", gone)
    assert "the hub did not give it (LocalEntryNotFoundError)" in refused("owner/name")


def test_the_digest_is_of_names_and_bytes_of_what_makes_a_base(tmp_path: Path) -> None:
    names = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]
    names += ["chat_template.jinja", "vocab.json", "merges.txt", "added_tokens.json"]
    names += ["special_tokens_map.json", "spiece.model"]
    folder = touched(tmp_path / "a", *names)
    seen = {digest(folder)}
    for name in names:
        text = (folder / name).read_bytes()
        (folder / name).write_bytes(text + b"x")
        seen.add(digest(folder))
        (folder / name).write_bytes(text)
    assert len(seen) == 1 + len(names)
    touched(folder, "README.md", "training_args.json")
    assert digest(folder) in seen
    (folder / "vocab.json").rename(folder / "tokenizer-vocab.json")
    assert digest(folder) not in seen


def test_a_large_file_counts_to_its_end(tmp_path: Path) -> None:
    folder = touched(tmp_path / "a", "config.json")
    found = []
    for last in (b"a", b"b"):
        (folder / "model.safetensors").write_bytes(bytes(3 << 20) + last)
        found.append(digest(folder))
    assert found[0] != found[1]
    assert json.dumps(found)


def test_a_file_under_another_name_is_another_base(tmp_path: Path) -> None:
    found = set()
    for name in ("tokenizer.json", "tokenizer.txt"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(b"the same")
        found.add(digest(folder))
    assert len(found) == 2
