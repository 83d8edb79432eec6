"""The micro base: recipe, tokenizer, labels, and the folder that ships."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from srpo_bench.harness.models import micro as base_model
from srpo_bench.harness.models.micro import RECIPE, encode, shipped_base, train_base
from srpo_bench.harness.models.weights import parameters
from srpo_bench.tasks.micro import corpus
from srpo_bench.tasks.micro.corpus import FAMILIES, Example

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(shipped_base())


def test_shipped_folder_is_a_small_ordinary_llama() -> None:
    model = AutoModelForCausalLM.from_pretrained(shipped_base())
    assert type(model).__name__ == "LlamaForCausalLM"
    count = sum(p.numel() for p in model.parameters())
    assert 1e6 <= count <= 3e6
    assert parameters(shipped_base()) == count  # tied weights once
    assert sum(f.stat().st_size for f in shipped_base().iterdir()) <= 6 * MEGABYTE


def test_shipped_recipe_is_the_one_in_the_code() -> None:
    """A change of the recipe or the corpus asks for a new base: ``bench base``."""
    told = json.loads((shipped_base() / "recipe.json").read_text())
    assert told["recipe"] == asdict(RECIPE)
    assert told["corpus"]["given_careful"] == corpus.GIVEN_CAREFUL
    assert told["corpus"]["quick_right"] == corpus.QUICK_RIGHT
    assert told["corpus"]["chosen_careful"] == {
        str(level): share for level, share in corpus.CHOSEN_CAREFUL.items()
    }
    weights = (shipped_base() / "model.safetensors").read_bytes()
    assert told["weights_sha256"] == hashlib.sha256(weights).hexdigest()


def test_each_digit_is_one_token_and_text_survives(tokenizer: PreTrainedTokenizerFast) -> None:
    for task in FAMILIES:
        for problem in task.load("dev")[:40]:
            for text in (problem.question, problem.meta["solution"], "Grüße 1234\n"):
                ids = tokenizer(text)["input_ids"]
                pieces = [tokenizer.decode([i]) for i in ids]
                assert tokenizer.decode(ids) == text
                digits = [piece for piece in pieces if any(c.isdigit() for c in piece)]
                assert digits == [c for c in text if c.isdigit()]


def test_sequences_are_short(tokenizer: PreTrainedTokenizerFast) -> None:
    """Every token is time: prompts within 30 tokens, answers within the family's limit."""
    for task in FAMILIES:
        for problem in task.load("test"):
            assert len(tokenizer(problem.question)["input_ids"]) <= 30
            answer = tokenizer(problem.meta["solution"])["input_ids"]
            assert len(answer) + 1 <= task.max_new_tokens


def test_only_the_first_label_comes_from_the_opening(tokenizer: PreTrainedTokenizerFast) -> None:
    example = Example("micro-gsm8k", 1, "Tom has 2 pens.\n", "Start 2 +3=5\n#### 5", "#### 7")
    longer = replace(example, prompt="Tom has 22 pens.\n")
    ids, labels = encode(tokenizer, [example, longer])
    prompt = tokenizer(example.prompt)["input_ids"]
    response = tokenizer(example.response)["input_ids"]
    opening = tokenizer(example.opening)["input_ids"]
    start = len(prompt) - 1
    assert ids[0].tolist() == [*prompt, *response, tokenizer.pad_token_id]
    assert labels[0, start].item() == opening[0] != response[0]
    assert labels[0, start + 1 :].tolist() == [*response[1:], tokenizer.eos_token_id, -100]
    assert labels[0, :start].eq(-100).all()
    assert labels[1, start + 1].item() == opening[0]


@pytest.mark.integration
def test_training_is_reproducible_and_reports_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        base_model,
        "RECIPE",
        replace(RECIPE, batch=8, tokenizer_examples=500, layers=1, hidden=32, mlp=64),
    )
    seen: list[tuple[int, int]] = []
    first = train_base(tmp_path / "new" / "a", 3, 4, lambda done, of: seen.append((done, of)))
    second = train_base(tmp_path / "b", 3, 4)
    other = train_base(tmp_path / "c", 4, 4)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    names = sorted(p.name for p in first.iterdir())
    assert {"config.json", "model.safetensors", "recipe.json", "tokenizer.json"} <= set(names)
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    a, c = load_file(first / "model.safetensors"), load_file(other / "model.safetensors")
    assert any((a[key] != c[key]).any() for key in a)
