"""What a folder lacks, or holds too much of, is said in one sentence before anything is run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BartConfig, BartForCausalLM, T5Config, T5ForConditionalGeneration

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models import loading
from srpo_bench.harness.models.context import context_of
from srpo_bench.harness.models.loading import (
    check_savable,
    model_class,
    open_generation,
    open_model,
    open_tokenizer,
)
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import check
from srpo_bench.harness.running import checkpoint
from srpo_bench.harness.running.attempt import Attempt
from tests.harness.models.families import SHAPE, tiny

Copy = Callable[[], Path]
CPU = torch.device("cpu")


@pytest.fixture
def copy(tiny_folder: Path, tmp_path: Path) -> Copy:
    """A fresh copy of the tiny model's folder."""

    def make() -> Path:
        return Path(shutil.copytree(tiny_folder, tmp_path / "model"))

    return make


def edit(path: Path, **changes: Any) -> None:
    record = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**record, **changes}))


def without(folder: Path, part: str) -> None:
    """Drop the weights whose names hold ``part``."""
    path = folder / "model.safetensors"
    kept = {k: v for k, v in load_file(path).items() if part not in k}
    save_file(kept, path, {"format": "pt"})


def test_a_missing_head_is_told(copy: Copy) -> None:
    folder = copy()
    edit(folder / "config.json", tie_word_embeddings=False)
    with pytest.raises(UserError, match=r"lacks weights .*: lm_head.weight\.$"):
        open_model(folder, CPU)


def test_a_missing_layer_is_told(copy: Copy) -> None:
    folder = copy()
    without(folder, "layers.1.mlp")
    with pytest.raises(UserError, match=r"layers.1.mlp.down_proj.weight, .*up_proj.weight\.$"):
        open_model(folder, CPU)


def test_many_missing_weights_are_counted(copy: Copy) -> None:
    folder = copy()
    without(folder, "layers.1")
    with pytest.raises(UserError, match=r"input_layernorm.weight, .* and 6 more\.$"):
        open_model(folder, CPU)


def test_a_wrong_shape_is_told(copy: Copy) -> None:
    folder = copy()
    edit(folder / "config.json", vocab_size=50)
    with pytest.raises(UserError, match=r"embed_tokens.weight as \(46, 32\), .* for \(50, 32\)\.$"):
        open_model(folder, CPU)


def added(folder: Path, **weights: Any) -> None:
    """Put weights into the file that the model has no name for."""
    path = folder / "model.safetensors"
    save_file({**load_file(path), **weights}, path, {"format": "pt"})


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.2.mlp.up_proj.weight",  # its config.json says two layers
        "layers.2.mlp.up_proj.weight",  # as a model without its head saves it
        "model.layers.0.self_attn.q_proj.lora_A.default.weight",
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.mlp.up_proj.weight_scale_inv",
        "lm_head.bias",
    ],
)
def test_a_weight_inside_the_model_that_has_no_place_is_told(copy: Copy, name: str) -> None:
    folder = copy()
    added(folder, **{name: torch.ones(1)})
    with pytest.raises(UserError, match=rf"has no place: {re.escape(name)}\. Without them it"):
        open_model(folder, CPU)


@pytest.mark.parametrize(
    "name",
    [
        "v_head.summary.weight",
        "mtp.layers.0.weight",
        "model.visual.blocks.0.weight",
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        "model.layers.0.self_attn.masked_bias",
    ],
)
def test_a_weight_beside_the_model_changes_nothing(copy: Copy, name: str) -> None:
    folder = copy()
    before = open_model(folder, CPU).state_dict()
    added(folder, **{name: torch.ones(1)})
    after = open_model(folder, CPU).state_dict()
    assert all(after[key].equal(value) for key, value in before.items())


def test_a_mask_that_gpt2_saved_is_made_anew(tmp_path: Path) -> None:
    """Its published checkpoint holds one a layer, and no model reads them."""
    save(tiny("gpt2"), tmp_path)
    added(tmp_path, **{"transformer.h.0.attn.bias": torch.ones(1, 1, 4, 4)})
    open_model(tmp_path, CPU)


def test_a_folder_without_a_tokenizer_is_told(copy: Copy) -> None:
    folder = copy()
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(UserError, match=r"holds no "):
        check(folder)
    edit(folder / "config.json", model_type="qwen2")  # of this kind an empty one is made
    with pytest.raises(UserError, match=r"holds no tokenizer: copy its base's there, tokenizer"):
        check(folder)


def test_a_tokenizer_that_knows_no_letter_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made of no files, it still puts a token of its own before every text."""

    def made(text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1] * add_special_tokens}

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", lambda *_, **__: made)
    with pytest.raises(UserError, match="holds no tokenizer: copy its base's there"):
        open_tokenizer(tmp_path)


def test_a_tokenizer_beyond_the_vocabulary_is_told(copy: Copy) -> None:
    folder = copy()
    check(folder)
    edit(folder / "config.json", vocab_size=40)
    with pytest.raises(UserError, match=r"token 40 \('.*'\), .* vocabulary ends at 39"):
        check(folder)


def test_a_padding_token_beyond_it_is_never_read(copy: Copy) -> None:
    from transformers import AutoTokenizer

    folder = copy()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "<added>"})
    tokenizer.save_pretrained(folder)
    check(folder)


def save(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("adapter_config.json", "{}", "holds an adapter: merge it into its base"),
        ("config.json", '{"model_type": "llama", "quantization_config": {}}', "quantised weights"),
        ("config.json", '{"model_type": "vit"}', "no causal language model: 'vit' is of another"),
        ("config.json", "{", "holds no model that transformers can open"),
        ("config.json", '{"model_type": "mine"}', "holds no model that transformers can open"),
        (
            "config.json",
            '{"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}',
            "needs code of its own, and no code of a model is run here",
        ),
    ],
)
def test_other_kinds_of_folder_are_refused(copy: Copy, name: str, text: str, sentence: str) -> None:
    folder = copy()
    (folder / name).write_text(text)
    (folder / "mine.py").write_text("raise SystemExit('ran')\n")
    with pytest.raises(UserError, match=sentence) as told:
        model_class(folder)
    assert "\n" not in str(told.value)


def test_a_class_that_somebody_registered_is_still_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from transformers import AutoConfig, LlamaConfig

    class Own(LlamaConfig):
        pass

    for kind in (Own, LlamaConfig):
        found = kind(auto_map={"AutoConfig": "mine.Own"})
        monkeypatch.setattr(AutoConfig, "from_pretrained", lambda *_, found=found, **__: found)
        if kind is LlamaConfig:  # its own code is transformers'
            assert model_class(tmp_path)[0] is found
            continue
        with pytest.raises(UserError, match="needs code of its own"):
            model_class(tmp_path)


def test_end_tokens_stand_in_the_configuration_where_nothing_else_says(copy: Copy) -> None:
    folder = copy()
    (folder / "generation_config.json").unlink()
    assert open_generation(folder).eos_token_id == 1
    edit(folder / "generation_config.json", eos_token_id=[1, 7])
    assert open_generation(folder).eos_token_id == [1, 7]


def test_weights_that_cannot_be_converted_are_told(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, kind = model_class(tiny_folder)

    class Half(kind):  # type: ignore[misc]
        @classmethod
        def from_pretrained(cls, *words: Any, **how: Any) -> Any:
            model, found = kind.from_pretrained(*words, **how)
            return model, {**found, "conversion_errors": {"x": "why"}}

    monkeypatch.setattr(loading, "model_class", lambda _: (config, Half))
    with pytest.raises(UserError, match="has weights that cannot be read as its model's"):
        open_model(tiny_folder, CPU)


def test_files_of_weights_that_are_none_are_told(copy: Copy) -> None:
    folder = copy()
    (folder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(UserError, match=r"model\.safetensors holds no weights that can be read"):
        check(folder)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_encoder_decoders_are_refused(kind: str, tmp_path: Path) -> None:
    if kind == "t5":
        config = T5Config(d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=46)
        folder = save(T5ForConditionalGeneration(config), tmp_path)
    else:
        sizes = {"d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 46}
        sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        folder = save(BartForCausalLM(BartConfig(**sizes)), tmp_path)
        edit(folder / "config.json", is_encoder_decoder=True)
    with pytest.raises(UserError, match=f"no causal language model: '{kind}'"):
        model_class(folder)


def test_sampling_settings_without_do_sample_can_be_saved(copy: Copy, tmp_path: Path) -> None:
    """As many chat models ship them. The first checkpoint used to end the run."""
    folder = copy()
    edit(folder / "generation_config.json", temperature=0.6, top_p=0.9)
    policy = load_policy(folder, "float32", "cpu")
    check_savable(policy.model, policy.tokenizer)
    checkpoint.save(Attempt(tmp_path), 1, policy, {}, keep=1)
    saved = json.loads((tmp_path / "checkpoints/step-1/generation_config.json").read_text())
    assert (saved["temperature"], saved["top_p"], saved["do_sample"]) == (0.6, 0.9, True)


def test_settings_of_beams_without_beams_can_be_saved(copy: Copy) -> None:
    folder = copy()
    edit(folder / "generation_config.json", num_beams=1, early_stopping=True, temperature=0.6,
         diversity_penalty=0.5, eos_token_id=[1, 3])  # fmt: skip
    policy = load_policy(folder, "float32", "cpu")
    check_savable(policy.model, policy.tokenizer)
    kept = policy.model.generation_config
    assert (kept.eos_token_id, kept.pad_token_id) == ([1, 3], 0)
    assert policy.end_tokens == [1, 3]


def test_a_broken_generation_config_is_told(copy: Copy) -> None:
    folder = copy()
    (folder / "generation_config.json").write_text("{")
    with pytest.raises(UserError, match=r"no usable generation_config\.json: .* not a valid JSON"):
        loading.open_generation(folder)


def test_several_chat_templates_can_be_saved(copy: Copy, tmp_path: Path) -> None:
    policy = load_policy(copy(), "float32", "cpu")
    policy.tokenizer.chat_template = {"default": "{{ messages[0].content }}", "tool_use": "tool"}
    check_savable(policy.model, policy.tokenizer)
    checkpoint.save(Attempt(tmp_path), 1, policy, {}, keep=1)
    again = load_policy(tmp_path / "checkpoints/step-1", "float32", "cpu")
    assert again.encode([{"role": "user", "content": "2+2"}]) == policy.encode("2+2")


def test_what_cannot_be_saved_is_told(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.model.generation_config.max_new_tokens = -1
    with pytest.raises(UserError, match=r"could not be saved in a checkpoint: .*max_new_tokens"):
        check_savable(policy.model, policy.tokenizer)


def test_a_models_generation_settings_are_left_as_they_are(copy: Copy) -> None:
    folder = copy()
    edit(folder / "generation_config.json", do_sample=True, temperature=0.6, top_k=20)
    generation = load_policy(folder, "float32", "cpu").model.generation_config
    assert (generation.do_sample, generation.temperature, generation.top_k) == (True, 0.6, 20)


@pytest.mark.parametrize(
    ("rope", "context"),
    [
        ({"rope_type": "default"}, 256),
        ({"rope_type": "dynamic", "factor": 4.0, "original_max_position_embeddings": 64}, 64),
        ({"rope_type": "linear", "factor": 4.0}, 256),
    ],
)
def test_a_rotary_embedding_that_changes_bounds_the_context(
    rope: dict[str, Any], context: int
) -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(**{**SHAPE, "rope_parameters": {**rope, "rope_theta": 1e4}})
    assert context_of(config) == context


def test_the_context_of_other_kinds() -> None:
    assert context_of(tiny("gpt2").config) == 256
    assert context_of(tiny("mamba").config) in (None, 256)


def test_weights_are_float32_whatever_they_were_saved_in(copy: Copy) -> None:
    folder = copy()
    model = open_model(folder, CPU)
    model.bfloat16().save_pretrained(folder)
    again = open_model(folder, CPU)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    assert not again.training


def test_transformers_warns_as_before(copy: Copy) -> None:
    from transformers.utils import logging

    before = logging.get_verbosity()
    try:
        logging.set_verbosity_info()
        open_model(copy(), CPU)
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(before)


@pytest.mark.parametrize("part", ["config", "generation_config", "tokenizer"])
def test_each_part_is_saved_once_at_planning(part: str) -> None:
    saved: list[str] = []

    def saving(name: str) -> Any:
        def save(folder: str) -> None:
            assert Path(folder).is_dir()
            saved.append(name)
            if name == part:
                raise RuntimeError("no\nmore of it")

        return SimpleNamespace(save_pretrained=save)

    model = SimpleNamespace(config=saving("config"), generation_config=saving("generation_config"))
    with pytest.raises(UserError, match=r"could not be saved in a checkpoint: no$"):
        check_savable(model, saving("tokenizer"))
    assert saved[-1] == part
    bare = SimpleNamespace(config=saving("c"), generation_config=None)
    check_savable(bare, saving("t"))
    assert saved[-2:] == ["c", "t"]


def test_no_code_of_a_model_is_run_and_a_fault_is_one_line(tmp_path: Path) -> None:
    asked: list[Any] = []

    def opens(folder: Path, **how: Any) -> str:
        asked.append((folder, how))
        return "opened"

    assert loading._or_user_error(tmp_path, opens) == "opened"
    assert asked == [(tmp_path, {"trust_remote_code": False})]

    def fails(folder: Path, **how: Any) -> str:
        raise ValueError(f"{'x' * 301}\nmore")

    with pytest.raises(UserError, match=r"can open: x{300}$"):
        loading._or_user_error(tmp_path, fails)
    assert loading._said(ValueError("")) == "ValueError"
    assert loading._said(ValueError("It is invalid:\n - a is 3\n - b")) == "It is invalid: - a is 3"
    assert loading._said(ValueError("It is invalid:")) == "It is invalid:"
