"""Log-probs made in pieces are those made at once, and never hold more logits than one piece."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.models import policy as module
from srpo_bench.harness.models.policy import Policy, load_policy

PIECE = 200


def rollouts() -> Rollouts:
    rng = torch.Generator().manual_seed(0)
    mask = torch.arange(9) < torch.tensor([[9], [4], [1], [7]])
    tokens = torch.randint(2, 40, (4, 9), generator=rng) * mask
    zeros = torch.zeros(4, 9)
    prompts = [[3, 4, 5], [6]]
    group = torch.tensor([0, 0, 1, 1])
    return Rollouts(["a", "b"], prompts, group, tokens, mask, zeros, mask[:, 0])


def logp_and_gradient(policy: Policy) -> tuple[Tensor, list[Tensor]]:
    policy.model.zero_grad()
    logp = policy.logp(rollouts())
    (logp * torch.linspace(-1, 1, 9)).sum().backward()
    return logp.detach(), [p.grad.clone() for p in policy.model.parameters()]


@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_pieces_give_the_same(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, top_p: float
) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu", 0.9, top_p)
    assert policy.has_plain_head
    whole, gradient = logp_and_gradient(policy)
    made: list[int] = []
    policy.model.lm_head.register_forward_hook(lambda *args: made.append(args[2].numel()))
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", PIECE)
    pieces, same = logp_and_gradient(policy)
    assert len(made) > 8  # there, and again on the way back
    assert max(made) <= PIECE
    torch.testing.assert_close(pieces, whole)
    for a, b in zip(same, gradient, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_a_head_that_does_more_is_left_whole(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=44,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        initializer_range=0.5,
        final_logit_softcapping=3.0,
    )
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.model = Gemma2ForCausalLM(config).eval()
    assert not policy.has_plain_head
    whole, _ = logp_and_gradient(policy)
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", PIECE)
    assert torch.equal(logp_and_gradient(policy)[0], whole)
