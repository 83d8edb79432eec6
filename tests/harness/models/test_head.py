"""A head is understood where scale and cap explain the model's own logits, to five digits."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.harness.models.head import PROBED, Head, head_of, logp_in_pieces
from srpo_bench.harness.models.product import linear_on

CPU = torch.device("cpu")


def found(
    made: Callable[[Tensor], Tensor], weight: float = 1.0, cap: float | None = None,
    vocabulary: int = 6, bias: bool = False,
) -> Head | None:  # fmt: skip
    """Of a model whose logits are ``made`` of its linear layer's output."""
    torch.manual_seed(0)
    linear = torch.nn.Linear(4, vocabulary, bias=bias)
    linear.weight.data *= weight
    states = torch.randn(1, PROBED, 4)
    config = SimpleNamespace(vocab_size=vocabulary, final_logit_softcapping=cap)
    config.get_text_config = lambda: config

    class Model:
        def __init__(self) -> None:
            self.config = config

        def get_output_embeddings(self) -> torch.nn.Linear:
            return linear

        def __call__(self, input_ids: Tensor, use_cache: bool) -> Any:
            assert not use_cache
            assert input_ids.shape == (1, PROBED)
            assert int(input_ids.max()) == min(vocabulary, PROBED) - 1
            return SimpleNamespace(logits=made(linear(states)))

    def body(input_ids: Tensor, use_cache: bool) -> Any:
        assert not use_cache
        return SimpleNamespace(last_hidden_state=states)

    return head_of(Model(), body, CPU)


def test_plain_scaled_and_capped_logits_are_understood() -> None:
    plain = found(lambda x: x)
    assert plain is not None
    assert (plain.scale, plain.cap) == (1.0, None)
    capped = found(lambda x: 3 * torch.tanh(x / 3), cap=3.0)
    assert capped is not None
    assert (capped.scale, capped.cap) == (1.0, 3.0)
    for made, cap in ((lambda x: 0.25 * x, None), (lambda x: 3 * torch.tanh(0.25 * x / 3), 3.0)):
        scaled = found(made, cap=cap)
        assert scaled is not None
        assert scaled.scale == pytest.approx(0.25)
        assert scaled.cap == cap


def test_a_cap_is_seen_where_logits_are_too_small_to_meet_it() -> None:
    """An untrained model's; they grow, and the cap is there when they meet it."""
    small = found(lambda x: 30 * torch.tanh(x / 30), weight=0.05, cap=30.0)
    assert small is not None
    assert (small.scale, small.cap) == (1.0, 30.0)
    assert small.shaped(torch.tensor(25.0)) < 21


def test_other_logits_are_left_whole() -> None:
    assert found(lambda x: x * x) is None
    assert found(lambda x: x + torch.arange(6.0)) is None


def test_a_head_is_right_to_five_digits() -> None:
    """Logits near 0 may be 1e-5 off, large ones a hundred-thousandth of themselves; which way
    changes from token to token, so that no scale explains it."""
    signs = torch.tensor([1.0, -1, 1, -1, 1, -1])
    for off, understood in ((0.9e-5, True), (1.5e-5, False)):
        assert (found(lambda x, by=off: x + by * signs, weight=1e-9) is not None) is understood
        relative = found(lambda x, by=off: x * (1 + by * signs), weight=1e4)
        assert (relative is not None) is understood


@pytest.mark.parametrize("bias", [False, True])
def test_pieces_are_the_whole_and_so_are_their_gradients(
    bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    head = Head(torch.nn.Linear(4, 5, bias=bias), 0.5, 2.0)
    states, tokens = torch.randn(7, 4, requires_grad=True), torch.tensor([0, 1, 2, 3, 4, 0, 1])

    def logp(logits: Tensor, of: Tensor) -> Tensor:
        return logits.log_softmax(-1).gather(-1, of[:, None])[:, 0]

    def asked(at_once: int) -> tuple[Tensor, ...]:
        monkeypatch.setitem(logp_in_pieces.__globals__, "LOGITS_AT_ONCE", {"cpu": at_once * 5})
        out = logp_in_pieces(head, states, tokens, torch.float32, logp)
        return out, *torch.autograd.grad(out.sum(), [states, head.linear.weight])

    whole = asked(7)
    exact = logp(2 * torch.tanh(0.5 * head.linear(states) / 2), tokens)
    torch.testing.assert_close(whole[0], exact)
    for rows in (1, 2, 6):
        for piece, one in zip(asked(rows), whole, strict=True):
            torch.testing.assert_close(piece, one)


def test_a_cast_weight_gives_its_gradient_in_float32() -> None:
    torch.manual_seed(2)
    linear = torch.nn.Linear(4, 5)
    states = torch.randn(3, 4, requires_grad=True)
    low = linear.weight.detach().to(torch.bfloat16)
    out = Head(linear).logits(states, low, linear_on(CPU))
    assert out.dtype == torch.float32
    plain = states.to(torch.bfloat16) @ low.T + linear.bias.to(torch.bfloat16)
    torch.testing.assert_close(out, plain.float(), atol=0.02, rtol=0.02)
    out.sum().backward()
    assert linear.weight.grad is not None
    assert linear.weight.grad.dtype == torch.float32
    expected = states.detach().sum(0).expand(5, 4)
    torch.testing.assert_close(linear.weight.grad, expected, atol=0.03, rtol=0.03)


@pytest.mark.parametrize("scale", [1.0, 2.0, 0.5])
def test_a_scale_is_applied_before_the_cap(scale: float) -> None:
    out, linear = torch.tensor([[0.5, -3.0]]), torch.nn.Linear(1, 2)
    assert torch.equal(Head(linear, scale).shaped(out), out * scale)
    torch.testing.assert_close(
        Head(linear, scale, 4.0).shaped(out), 4 * torch.tanh(out * scale / 4)
    )


def test_heads_that_are_no_linear_layers_of_a_body_are_left_whole() -> None:
    class Model:
        config = SimpleNamespace(get_text_config=lambda: None)
        head: Any = torch.nn.Linear(4, 6)

        def get_output_embeddings(self) -> Any:
            return self.head

    model = Model()
    assert head_of(model, model, CPU) is None
    model.head = torch.nn.Identity()
    assert head_of(model, object(), CPU) is None


def test_pieces_are_as_large_as_may_be_and_never_rounded_by_a_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = Head(torch.nn.Linear(4, 5))
    states, tokens = torch.randn(7, 4), torch.zeros(7).long()
    sizes: list[int] = []

    def logp(logits: Tensor, of: Tensor) -> Tensor:
        sizes.append(len(logits))
        assert logits.dtype == torch.float32
        return logits[:, 0]

    for at_once, pieces in (
        (35, [7]),
        (34, [6, 1]),
        (10, [2, 2, 2, 1]),
        (9, [1] * 7),
        (1, [1] * 7),
    ):
        monkeypatch.setitem(logp_in_pieces.__globals__, "LOGITS_AT_ONCE", {"cpu": at_once})
        sizes.clear()
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            out = logp_in_pieces(head, states, tokens, torch.float32, logp)
        assert sizes == pieces
        torch.testing.assert_close(out, head.linear(states)[:, 0], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("cap", [1.5, 2.0, 7.0, 30.0])
def test_a_cap_alone_has_a_scale_of_exactly_one(cap: float) -> None:
    """Estimated of rounded numbers it would be off in the last digit."""
    capped = found(lambda x: cap * torch.tanh(x / cap), cap=cap)
    assert capped is not None
    assert (capped.scale, capped.cap) == (1.0, cap)
