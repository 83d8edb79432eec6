"""The fast view takes only what it knows, and computes what the model's own modules do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.models import llama, operations
from srpo_bench.harness.models.llama import recognise
from srpo_bench.harness.models.policy import Policy
from tests.harness.models.families import FAMILIES, VOCABULARY, tiny

KNOWN = ("llama", "llama-tied", "qwen2", "qwen3", "mistral")


@pytest.mark.parametrize("name", FAMILIES)
def test_the_families_it_knows(name: str) -> None:
    assert (recognise(tiny(name)) is not None) == (name in KNOWN)


def changed(setting: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.config, setting, value)


def replaced(module: type[torch.nn.Linear]) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.model.layers[1].mlp.down_proj = module(48, 32, bias=False)

    return change


class Adapted(torch.nn.Linear):
    """A linear layer that computes something else, as adapters are."""


class Scaled(torch.nn.Embedding):
    """An embedding that computes something else."""


class Layers(torch.nn.ModuleList):
    """A list of layers that may do something else."""


CHANGES: dict[str, Callable[[Any], None]] = {
    "activation": changed("hidden_act", "gelu"),
    "dropout": changed("attention_dropout", 0.1),
    "window": changed("layer_types", ["full_attention", "sliding_attention"]),
    "rope": changed("rope_parameters", {"rope_type": "dynamic", "rope_theta": 1e4}),
    "partial rope": changed("rope_parameters", {"partial_rotary_factor": 0.5}),
    "family": changed("model_type", "granite"),
    "adapter": replaced(Adapted),
    "scale": lambda model: setattr(model.model.layers[0].self_attn, "scaling", 1.0),
    "epsilon": lambda model: setattr(model.model.norm, "variance_epsilon", 1e-2),
    "extra": lambda model: model.model.layers[0].add_module("extra", torch.nn.Identity()),
    "bias": lambda model: setattr(
        model.model.layers[0].self_attn.o_proj, "bias", torch.nn.Parameter(torch.zeros(32))
    ),
    "hook": lambda model: model.model.norm.register_forward_hook(lambda *_: None),
    "forward": lambda model: setattr(model.lm_head, "forward", lambda x: x),
    "half": lambda model: model.bfloat16(),
    "embedding": lambda model: setattr(
        model.model, "embed_tokens", Scaled(*model.model.embed_tokens.weight.shape)
    ),
    "embedding norm": lambda model: setattr(model.model.embed_tokens, "max_norm", 1.0),
    "list of layers": lambda model: setattr(model.model, "layers", Layers(model.model.layers)),
    "one bias": lambda model: setattr(
        model.model.layers[0].self_attn.q_proj, "bias", torch.nn.Parameter(torch.zeros(32))
    ),
    "checkpoints": lambda model: model.gradient_checkpointing_enable(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_is_left_to_the_model(change: str) -> None:
    model = tiny("llama")
    assert recognise(model) is not None
    CHANGES[change](model)
    assert recognise(model) is None


def ragged() -> Rollouts:
    """Groups of 3, 1 and 2 rows, prompts of 9, 1 and 4 tokens, responses of 0 to 6."""
    rng = torch.Generator().manual_seed(0)
    prompts = [torch.randint(2, VOCABULARY, (n,), generator=rng).tolist() for n in (9, 1, 4)]
    mask = torch.arange(6) < torch.tensor([6, 1, 3, 6, 0, 2])[:, None]
    tokens = torch.randint(2, VOCABULARY, mask.shape, generator=rng) * mask
    group = torch.tensor([0, 0, 0, 1, 2, 2])
    return Rollouts(list("abc"), prompts, group, tokens, mask, torch.zeros(mask.shape), mask[:, 0])


def by_itself(model: Any, r: Rollouts) -> Tensor:
    """(B, T) nats by the model's own forward in float64, row by row."""
    out = torch.zeros(r.tokens.shape, dtype=torch.float64)
    for row, length in enumerate(r.lengths.tolist()):
        prompt, answer = r.prompt_tokens[int(r.group[row])], r.tokens[row, :length]
        ids = torch.cat([torch.tensor(prompt), answer])[None]
        logp = model(ids, use_cache=False).logits[0].log_softmax(-1)[len(prompt) - 1 : -1]
        out[row, :length] = logp.gather(1, answer[:, None])[:, 0]
    return out


@pytest.mark.parametrize("attention", [operations.attention, operations.attention_on_cuda])
@pytest.mark.parametrize("name", KNOWN)
def test_log_probs_and_every_gradient_are_the_models_own(
    name: str, attention: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama, "attention", attention)
    model, rollouts = tiny(name).eval(), ragged()
    weight = torch.randn(rollouts.mask.shape, generator=torch.Generator().manual_seed(1))
    for i, parameter in enumerate(model.parameters()):  # norms and biases that are not all alike
        with torch.no_grad():
            noise = torch.Generator().manual_seed(i)
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=noise))
    policy = Policy(model, None, torch.device("cpu"), torch.float32, 1.0, 1.0)
    assert policy.llama is not None

    def gradients(logp: Tensor) -> list[Tensor]:
        model.zero_grad()
        (logp * weight).sum().backward()  # type: ignore[no-untyped-call]
        return [p.grad.clone() for p in model.parameters()]

    ours = policy.logp(rollouts)
    mine = gradients(ours)
    exact = by_itself(model.double(), rollouts)
    theirs = gradients(exact)
    torch.testing.assert_close(ours.double(), exact, atol=1e-5, rtol=1e-5)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a.double(), b, atol=1e-4 * float(b.abs().max()), rtol=1e-3)


@pytest.mark.parametrize("name", KNOWN)
def test_in_bfloat16_it_is_as_near_to_float32_as_the_models_own_modules(name: str) -> None:
    """Log-probs, and gradients, which reach every float32 weight."""
    model, rollouts = tiny(name).eval(), ragged()
    cpu = torch.device("cpu")

    def read(dtype: torch.dtype, fast: bool) -> list[Tensor]:
        policy = Policy(model, None, cpu, dtype, 1.0, 1.0)
        assert policy.llama is not None
        assert policy.llama.dtype == dtype
        if not fast:
            policy.llama = None
        model.zero_grad()
        logp = policy.logp(rollouts)
        logp.sum().backward()  # type: ignore[no-untyped-call]
        assert all(p.grad.dtype == torch.float32 for p in model.parameters())
        return [logp.detach(), *(p.grad.clone() for p in model.parameters())]

    exact = read(torch.float32, fast=True)
    ours, theirs = (read(torch.bfloat16, fast) for fast in (True, False))
    assert not torch.equal(ours[0], exact[0])
    for a, b, e in zip(ours, theirs, exact, strict=True):
        assert (a - e).norm() <= 2 * (b - e).norm() + 0.01 * e.norm()


def test_backward_passes_of_its_own_where_gradients_are_wanted() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    for out, name in ((operations.unit(x, 1e-6), "_Unit"), (operations.gated(x), "_Gated")):
        assert type(out.grad_fn).__name__ == f"{name}Backward"
    with torch.no_grad():
        torch.testing.assert_close(
            operations.unit(x, 0.5), x / (x.square().mean(-1, True) + 0.5).sqrt()
        )
        torch.testing.assert_close(
            operations.gated(x), torch.nn.functional.silu(x[:, :2]) * x[:, 2:]
        )


def test_attention_by_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "attention_on_cuda", lambda qkv, *_: "elsewhere")
    monkeypatch.setattr(operations._Attention, "apply", lambda *_: "here")
    nothing: Any = None
    for device, where in (("cpu", "here"), ("meta", "elsewhere")):
        assert (
            operations.attention(torch.zeros(1, device=device), nothing, nothing, nothing) == where
        )


def test_of_responses_without_a_token_there_is_nothing_to_say() -> None:
    policy = Policy(tiny("llama"), None, torch.device("cpu"), torch.float32, 1.0, 1.0)
    mask = torch.tensor([[True, True], [False, False], [False, False]])
    none = torch.zeros(3, dtype=torch.bool)
    tokens = torch.ones(3, 2, dtype=torch.long)
    rollouts = Rollouts(
        ["a", "b"], [[1], [2, 3]], torch.tensor([0, 1, 1]), tokens, mask, -mask.float(), none
    )
    assert policy.llama is not None
    assert (policy.logp_of(rollouts, 3)[1:] == 0).all()
    assert policy.logp_of(rollouts, 3)[0].abs().min() > 0


def test_one_layer_is_enough() -> None:
    model = tiny("llama")
    model.model.layers = model.model.layers[:1]
    assert recognise(model) is not None
