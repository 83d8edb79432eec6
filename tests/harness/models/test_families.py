"""The matrix: whatever a model attends to, engine and learner say what its own plain forward says.

Prompts of very unlike lengths stand in one batch, and attention windows are shorter than the texts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models import head as head_module
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.running import checkpoint
from srpo_bench.harness.running.attempt import Attempt
from tests.harness.models.families import FAMILIES, VOCABULARY, tiny

N, LIMIT = 2, 20
STATE_OUTSIDE = {"recurrent_gemma", "rwkv"}
CLOSE = {"qwen3_5": 1e-3}
"""Nats. Its cached step and its plain forward are two sums in float32, 3e-4 apart."""

QUICK = {"llama", "qwen2-window", "gemma3", "bloom", "gpt_oss", "mamba2"}
"""Plain, windowed, layers of two kinds, no rotary, sinks, a state; the others are integration."""

READABLE = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.integration)
    for name in FAMILIES
    if name not in STATE_OUTSIDE
]

Save = Callable[[str], Path]


@dataclass
class Read:
    """A family's model, opened, with what it has sampled."""

    name: str
    folder: Path
    policy: Policy
    prompts: list[list[int]]
    rollouts: Rollouts


@pytest.fixture(scope="module")
def save(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Save:
    """A family's model as a folder with a tokenizer."""

    def write(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        tiny(name).save_pretrained(folder)
        for path in tiny_folder.glob("tokenizer*"):
            shutil.copy(path, folder)
        return folder

    return write


@pytest.fixture(scope="module", params=READABLE)
def read(request: pytest.FixtureRequest, save: Save) -> Iterator[Read]:
    folder = save(request.param)
    policy = load_policy(folder, "float32", "cpu")
    rng = torch.Generator().manual_seed(0)
    prompts = [torch.randint(2, VOCABULARY, (n,), generator=rng).tolist() for n in (40, 7, 23, 1)]
    yield Read(request.param, folder, policy, prompts, sampled(policy, prompts, 64))
    shutil.rmtree(folder)


def sampled(policy: Policy, prompts: list[list[int]], rows_at_once: int) -> Rollouts:
    generator = torch.Generator().manual_seed(3)
    engine = TorchEngine(policy, rows_at_once)
    r = engine.generate(prompts, N, Sampling(1.0, 1.0, LIMIT), generator)
    group = torch.arange(len(prompts)).repeat_interleave(N)
    return Rollouts(list("abcd"), prompts, group, r.tokens, r.mask, r.logp, r.truncated)


@torch.no_grad()
def plain(folder: Path, rollouts: Rollouts) -> Tensor:
    """(B, T) nats: row by row, uncached, unpadded, by the model's own attention."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    out = torch.zeros(rollouts.tokens.shape)
    for row, length in enumerate(rollouts.lengths.tolist()):
        prompt = rollouts.prompt_tokens[int(rollouts.group[row])]
        answer = rollouts.tokens[row, :length]
        ids = torch.cat([torch.tensor(prompt), answer])[None]
        logp = model(ids, use_cache=False).logits[0].log_softmax(-1)[len(prompt) - 1 : -1]
        out[row, :length] = logp.gather(1, answer[:, None])[:, 0]
    return out


def test_engine_and_learner_say_what_the_model_says(read: Read) -> None:
    rollouts, close = read.rollouts, CLOSE.get(read.name, 1e-4)
    assert rollouts.mask.sum() > 8 * N
    expected = plain(read.folder, rollouts)
    assert (rollouts.logp - expected).abs().max() < close
    with torch.no_grad():
        assert (read.policy.logp(rollouts) - expected).abs().max() < 1e-4


def test_unlikely_tokens_are_read_right_too(read: Read) -> None:
    rng = torch.Generator().manual_seed(1)
    shape = read.rollouts.tokens.shape
    tokens = torch.randint(2, VOCABULARY, shape, generator=rng) * read.rollouts.mask
    forced = Rollouts(**{**vars(read.rollouts), "tokens": tokens})
    with torch.no_grad():
        gap = read.policy.logp(forced) - plain(read.folder, forced)
    assert gap.abs().max() < 1e-4


def test_how_a_batch_is_cut_has_no_effect(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    again = sampled(read.policy, read.prompts, 3)
    assert torch.equal(again.tokens, read.rollouts.tokens)
    assert torch.equal(again.truncated, read.rollouts.truncated)
    with torch.no_grad():
        whole = read.policy.logp(read.rollouts)
        rows = [read.policy.logp_of(read.rollouts, budget) for budget in (1, 200)]
        monkeypatch.setitem(head_module.LOGITS_AT_ONCE, "cpu", 8 * VOCABULARY)
        assert read.policy.head is not None
        pieces = read.policy.logp(read.rollouts)
    for other in (*rows, pieces):
        assert (other - whole).abs().max() < 1e-4


def test_a_checkpoint_opens_in_stock_transformers(read: Read, tmp_path: Path) -> None:
    with torch.no_grad():
        for parameter in read.policy.model.parameters():
            parameter.mul_(1.01)
    checkpoint.save(Attempt(tmp_path), 1, read.policy, {}, keep=1)
    stock, found = AutoModelForCausalLM.from_pretrained(
        tmp_path / "checkpoints" / "step-1",
        attn_implementation=read.policy.model.config._attn_implementation,
        output_loading_info=True,
    )
    assert not found["missing_keys"] | found["unexpected_keys"]
    ids = torch.tensor(read.prompts[0])[None]
    with torch.no_grad():
        saved = [m.eval()(ids, use_cache=False).logits for m in (read.policy.model, stock)]
    assert torch.equal(*saved)


@pytest.mark.parametrize("name", sorted(STATE_OUTSIDE))
def test_a_state_outside_of_the_cache_is_refused(name: str, save: Save) -> None:
    with pytest.raises(UserError, match="keeps a state that no cache of transformers holds"):
        load_policy(save(name), "float32", "cpu")


def updated(policy: Policy, rollouts: Rollouts, budget: int) -> list[Any]:
    """Gradients of the sum of log-probs, read in chunks of so many rows."""
    policy.model.zero_grad()
    for rows in torch.arange(len(rollouts)).split(budget):
        policy.logp(rollouts.pick(rows)).sum().backward()
    return [p.grad.clone() for p in policy.model.parameters() if p.grad is not None]


@pytest.mark.parametrize("name", ["gemma3", "llama4", "qwen3_next", "bloom"])
def test_gradients_do_not_depend_on_the_cut(name: str, save: Save) -> None:
    policy = load_policy(save(name), "float32", "cpu")
    rng = torch.Generator().manual_seed(0)
    prompts = [torch.randint(2, VOCABULARY, (n,), generator=rng).tolist() for n in (30, 3, 12, 9)]
    rollouts = sampled(policy, prompts, 64)
    for whole, single in zip(
        updated(policy, rollouts, 8), updated(policy, rollouts, 1), strict=True
    ):
        torch.testing.assert_close(whole, single, atol=1e-3, rtol=1e-3)
