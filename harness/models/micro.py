"""The tiny base model behind the micro tasks: its recipe, and where it lies.

An ordinary Hugging Face Llama folder of about a million parameters that any tool opens. It ships
with the package; ``train_base`` makes it anew from the constants below, bit for bit on the same
kind of CPU (another CPU's kernels may round differently).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from srpo_bench.harness.machine import versions
from srpo_bench.results.scratch import scratch_folder
from srpo_bench.tasks.micro.corpus import (
    CHOSEN_CAREFUL,
    GIVEN_CAREFUL,
    QUICK_RIGHT,
    Example,
    examples,
)

PAD, EOS = "<pad>", "<eos>"
PIECES = r"\d|[\n ]*\\?[A-Za-z]+[ ({]?|[^A-Za-z0-9]+"
"""What BPE may merge: never two digits; a word with the indentation before and one sign after."""
IGNORED = -100
Progress = Callable[[int, int], None]
"""Called after each step with steps done and steps in all."""


@dataclass(frozen=True)
class Recipe:
    """Everything that determines the weights, besides seed, library versions and CPU."""

    steps: int = 1500
    batch: int = 128
    peak_lr: float = 3e-3
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    threads: int = 2
    tokenizer_examples: int = 30_000
    vocabulary: int = 512
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    mlp: int = 512
    positions: int = 256


RECIPE = Recipe()


def shipped_base() -> Path:
    """The folder of the base model that comes with the package."""
    return Path(__file__).parent / "micro_base"


def train_base(
    out_dir: Path, seed: int = 0, steps: int | None = None, progress: Progress | None = None
) -> Path:
    """Train the base by ``RECIPE`` and save it, with the recipe beside it, as ``out_dir``."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(RECIPE.threads)  # sums are cut differently on another number of threads
    try:
        tokenizer = train_tokenizer()
        model, data_digest = _pretrain(tokenizer, seed, steps or RECIPE.steps, progress)
    finally:
        torch.set_num_threads(threads)
    with scratch_folder(f".{out_dir.name}.", out_dir.parent) as made:
        finished = made / out_dir.name
        model.save_pretrained(finished)
        tokenizer.save_pretrained(finished)
        _write_recipe(finished, seed, steps or RECIPE.steps, data_digest)
        finished.replace(out_dir)
    return out_dir


def train_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE over the corpus, the same for every seed; each digit is a token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=RECIPE.vocabulary,
        special_tokens=[PAD, EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    corpus = islice(examples(seed=0), RECIPE.tokenizer_examples)
    tokenizer.train_from_iterator(
        (text for e in corpus for text in (e.prompt, e.response)), trainer
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        model_max_length=RECIPE.positions,
        clean_up_tokenization_spaces=False,
    )


def new_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """An untrained Llama of the recipe's shape."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=RECIPE.hidden,
        intermediate_size=RECIPE.mlp,
        num_hidden_layers=RECIPE.layers,
        num_attention_heads=RECIPE.heads,
        num_key_value_heads=RECIPE.heads,
        max_position_embeddings=RECIPE.positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def encode(tokenizer: Any, batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Right-padded token ids and labels, both (B, T) long; prompts and padding are not learned.

    ``labels[b, t]`` is what position t should predict (already shifted). The label of a response's
    first token is that of the example's opening.
    """
    prompts = tokenizer([e.prompt for e in batch])["input_ids"]
    responses = tokenizer([e.response for e in batch])["input_ids"]
    openings = tokenizer([e.opening for e in batch])["input_ids"]
    width = max(len(p) + len(r) for p, r in zip(prompts, responses, strict=True))
    ids = torch.full((len(batch), width), tokenizer.pad_token_id)
    labels = torch.full((len(batch), width), IGNORED)
    for row, (prompt, response, opening) in enumerate(
        zip(prompts, responses, openings, strict=True)
    ):
        start, end = len(prompt), len(prompt) + len(response)
        ids[row, :end] = torch.tensor(prompt + response)
        label = [opening[0], *response[1:], tokenizer.eos_token_id]
        labels[row, start - 1 : end] = torch.tensor(label)
    return ids, labels


def _pretrain(
    tokenizer: PreTrainedTokenizerFast, seed: int, steps: int, progress: Progress | None
) -> tuple[LlamaForCausalLM, str]:
    model = new_model(tokenizer, seed).train()
    optimiser = torch.optim.AdamW(
        model.parameters(),
        lr=RECIPE.peak_lr,
        betas=(0.9, 0.95),
        weight_decay=RECIPE.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=RECIPE.peak_lr, total_steps=steps, cycle_momentum=False
    )
    stream, digest = examples(seed), hashlib.sha256()
    for step in range(steps):
        batch = list(islice(stream, RECIPE.batch))
        digest.update("\0".join(e.prompt + e.response + e.opening for e in batch).encode())
        loss = _loss(model, *encode(tokenizer, batch))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.max_grad_norm)
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(step + 1, steps)
    return model.eval(), digest.hexdigest()


def _loss(model: LlamaForCausalLM, ids: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy, nats a learned token; logits are made at those positions only."""
    learned = labels != IGNORED
    hidden = model.model(input_ids=ids).last_hidden_state[learned]
    return F.cross_entropy(model.lm_head(hidden), labels[learned])


def _write_recipe(out_dir: Path, seed: int, steps: int, data_digest: str) -> None:
    weights = (out_dir / "model.safetensors").read_bytes()
    recipe = {
        "seed": seed,
        "recipe": asdict(RECIPE) | {"steps": steps},
        "corpus": {
            "given_careful": GIVEN_CAREFUL,
            "chosen_careful": CHOSEN_CAREFUL,
            "quick_right": QUICK_RIGHT,
            "sha256": data_digest,
        },
        "versions": {
            "python": platform.python_version(),
            **versions(),
        },
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    (out_dir / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
