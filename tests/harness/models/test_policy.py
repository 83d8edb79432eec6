"""Log-probs made in pieces are those made at once, and never hold more logits than one piece."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models import head as module
from srpo_bench.harness.models.head import Head
from srpo_bench.harness.models.policy import Policy, load_policy
from srpo_bench.harness.models.product import linear
from srpo_bench.harness.models.reading import Layout
from tests.harness.pretended import CUDA, pretended_cuda

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
    assert policy.head == Head(policy.model.lm_head)
    whole, gradient = logp_and_gradient(policy)
    made: list[int] = []

    def counted(*arguments: Tensor) -> Tensor:
        out = linear(*arguments)
        made.append(out.numel())
        return out

    monkeypatch.setattr(module, "linear_on", lambda _: counted)
    monkeypatch.setitem(module.LOGITS_AT_ONCE, "cpu", PIECE)
    pieces, same = logp_and_gradient(policy)
    assert len(made) > 8  # there, and again on the way back
    assert max(made) <= PIECE
    torch.testing.assert_close(pieces, whole)
    for a, b in zip(same, gradient, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def with_head(folder: Path, **settings: float) -> Policy:
    """A Gemma 2 of the tiny folder's vocabulary, float32."""
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
        attn_logit_softcapping=None,
        **settings,
    )
    policy = load_policy(folder, "float32", "cpu")
    policy.model = Gemma2ForCausalLM(config).eval()
    del policy.layout
    return policy


def test_a_head_that_caps_is_cut_too(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = with_head(tiny_folder, final_logit_softcapping=3.0)
    assert policy.head is not None
    assert policy.head.cap == 3.0
    whole, gradient = logp_and_gradient(policy)
    monkeypatch.setitem(module.LOGITS_AT_ONCE, "cpu", PIECE)
    pieces, same = logp_and_gradient(policy)
    torch.testing.assert_close(pieces, whole)
    for a, b in zip(same, gradient, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_a_head_that_is_not_understood_is_left_whole(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = with_head(tiny_folder, final_logit_softcapping=3.0)
    forward = policy.model.forward

    @functools.wraps(forward)
    def other(*args: Any, **kwargs: Any) -> Any:
        out = forward(*args, **kwargs)
        out.logits = out.logits.abs()
        return out

    policy.model.forward = other
    assert policy.head is None
    whole, _ = logp_and_gradient(policy)
    monkeypatch.setitem(module.LOGITS_AT_ONCE, "cpu", PIECE)
    assert torch.equal(logp_and_gradient(policy)[0], whole)


class Casts(TorchDispatchMode):
    """Counts copies of tensors of one shape to bfloat16."""

    def __init__(self, shape: torch.Size) -> None:
        super().__init__()
        self.shape, self.count = shape, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        casts = func is torch.ops.aten._to_copy.default and out.dtype == torch.bfloat16
        self.count += casts and out.shape == self.shape
        return out


def test_the_heads_weight_is_cast_once_and_its_gradient_added_up_in_float32(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(tiny_folder, "bfloat16", "cpu")
    exact = logp_and_gradient(load_policy(tiny_folder, "float32", "cpu"))[1]
    weight = policy.model.lm_head.weight
    name = [n for n, _ in policy.model.named_parameters()].index("model.embed_tokens.weight")
    whole = logp_and_gradient(policy)[1]
    monkeypatch.setitem(module.LOGITS_AT_ONCE, "cpu", PIECE)
    with Casts(weight.shape) as casts:
        pieces = logp_and_gradient(policy)[1]
    assert casts.count == 1
    error = (pieces[name] - exact[name]).norm() / exact[name].norm()
    assert error <= 1.5 * (whole[name] - exact[name]).norm() / exact[name].norm()


def test_dropout_is_off_in_training_too(tmp_path: Path, tiny_folder: Path) -> None:
    """Two readings of the same responses agree, or no ratio would start at 1."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=44, n_positions=64, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.5
    )
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    load_policy(tiny_folder, "float32", "cpu").tokenizer.save_pretrained(tmp_path)
    policy = load_policy(tmp_path, "float32", "cpu")
    assert torch.equal(policy.logp(rollouts()), policy.logp(rollouts()))


def test_without_an_understood_head_there_are_no_outputs(tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.head = None
    with pytest.raises(RunError, match="head is not understood, so there are no outputs to read"):
        policy.outputs(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", ["packed", "whole", "in pieces", "outputs"])
def test_on_a_device_the_same_comes_of_the_same(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    def read(policy: Policy) -> Tensor:
        if case != "packed":
            policy.llama = None
        if case == "outputs":
            logp, outputs = policy.outputs(rollouts())
            assert outputs.entropy.device == outputs.hidden.device == policy.device
            return logp
        return policy.logp(rollouts())

    if case == "in pieces":
        for device in ("cpu", "cuda"):
            monkeypatch.setitem(module.LOGITS_AT_ONCE, device, PIECE)
    here = read(load_policy(tiny_folder, "float32", "cpu", 0.9, 0.8))
    with pretended_cuda(monkeypatch):
        there = read(load_policy(tiny_folder, "float32", "auto", 0.9, 0.8))
        assert there.device == CUDA
        torch.testing.assert_close(there.cpu(), here, atol=1e-5, rtol=1e-5)


def test_a_policy_computes_in_its_dtype(tiny_folder: Path) -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        policy = load_policy(tiny_folder, str(dtype).rpartition(".")[2], "cpu")
        with warnings.catch_warnings(action="error"), policy.autocast():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
        assert (policy.llama is None) == (dtype == torch.float16)


@pytest.mark.parametrize(("dtype", "fast"), [("float32", True), ("bfloat16", False)])
def test_on_an_accelerator_only_float32_has_a_fast_view(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, fast: bool
) -> None:
    with pretended_cuda(monkeypatch):
        assert (load_policy(tiny_folder, dtype, "auto").llama is not None) == fast


def test_logits_are_counted_with_the_prompts_where_they_are_made_of_them(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four rows of 9 tokens, prompts of 3 and 1, a vocabulary of 46."""
    policy = load_policy(tiny_folder, "float32", "cpu")
    for layout, width in ((Layout.WHOLE, 12), (policy.layout, 9)):
        policy.layout = layout
        for at_once, many in ((4 * width * 46, False), (4 * width * 46 - 1, True)):
            monkeypatch.setitem(module.LOGITS_AT_ONCE, "cpu", at_once)
            assert policy._many_logits(rollouts()) == many


def test_the_body_of_a_model_whose_prefix_names_nothing() -> None:
    inner = object()
    plain: Any = SimpleNamespace(base_model=inner, model="other")
    own: Any = SimpleNamespace(model=inner)
    own.base_model = own
    bare: Any = SimpleNamespace()
    bare.base_model = bare
    for model, body in ((plain, inner), (own, inner), (bare, bare)):
        assert Policy(model, None, torch.device("cpu"), torch.float32, 1.0, 1.0).body is body
