from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Totals
from srpo_bench.algorithms.surrogate import (
    clipped_surrogate,
    clipped_weight,
    kl_k3,
    limit_mean,
    outside_clip,
    sequence_mean,
    sequence_ratio,
    token_mean,
    token_ratio,
)

MASK = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=torch.bool)
TOTALS = Totals(responses=3.0, tokens=4.0, max_tokens=10)
AGGREGATES = [sequence_mean, token_mean, limit_mean]


def _logps(seed: int = 0, rows: int = 3, width: int = 4) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    logp = -torch.rand(rows, width, generator=rng, dtype=torch.float64)
    old = -torch.rand(rows, width, generator=rng, dtype=torch.float64)
    return logp.requires_grad_(), old


def test_token_ratio_by_hand() -> None:
    ratio = token_ratio(
        torch.log(torch.tensor([[0.5, 0.5]])),
        torch.log(torch.tensor([[0.25, 1.0]])),
        torch.tensor([[True, False]]),
    )
    torch.testing.assert_close(ratio, torch.tensor([[2.0, 1.0]]))


def test_sequence_ratio_is_the_geometric_mean() -> None:
    logp, old = _logps()
    ratios = token_ratio(logp, old, MASK)
    sequence = sequence_ratio(logp, old, MASK)
    torch.testing.assert_close(sequence[0, 0], ratios[0, :3].prod() ** (1 / 3))
    torch.testing.assert_close(sequence[1], ratios[1, :1].expand(4))
    assert (sequence[2] == 1).all()


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [(1.0, 2.0, -2.0), (1.5, 1.0, -1.3), (1.5, -1.0, 1.5), (0.5, 1.0, -0.5), (0.5, -1.0, 0.8)],
)
def test_clipping_is_pessimistic(ratio: float, advantage: float, expected: float) -> None:
    got = clipped_surrogate(torch.tensor([[ratio]]), torch.tensor([advantage]), 0.2, 0.3)
    assert got.item() == pytest.approx(expected)


def test_outside_clip_counts_where_the_gradient_is_gone() -> None:
    logp, old = _logps(rows=6)
    mask = torch.ones(6, 4, dtype=torch.bool)
    advantage = torch.tensor([1.0, -1.0, 0.0, 2.0, -2.0, 1.0], dtype=torch.float64)
    ratio = token_ratio(logp, old, mask)
    clipped_surrogate(ratio, advantage, 0.2, 0.3).sum().backward()
    gone = (logp.grad == 0) & (advantage != 0).unsqueeze(1)
    assert torch.equal(outside_clip(ratio, advantage, 0.2, 0.3), gone)
    assert 0 < gone.sum() < gone.numel()


def test_cispo_keeps_every_tokens_gradient() -> None:
    logp, old = _logps()
    advantage = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    ratio = token_ratio(logp, old, MASK)
    clipped_weight(ratio, advantage, logp, MASK, 1.0, 0.5).sum().backward()
    expected = -(ratio.clamp(max=1.5) * advantage.unsqueeze(1)).detach() * MASK
    torch.testing.assert_close(logp.grad, expected)


def test_cispos_weight_has_both_its_bounds() -> None:
    ratio, logp = torch.tensor([[0.5, 1.25, 3.0]]), torch.tensor([[-1.0, -2.0, -3.0]])
    found = clipped_weight(ratio, torch.tensor([2.0]), logp, torch.ones(1, 3).bool(), 0.25, 0.5)
    assert found.tolist() == [[0.75 * 2, 1.25 * 4, 1.5 * 6]]


@pytest.mark.parametrize("ratio", [token_ratio, sequence_ratio])
@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_gradients_agree_with_finite_differences(
    ratio: Callable[..., Tensor], aggregate: Callable[..., Tensor]
) -> None:
    logp, old = _logps(seed=3)
    advantage = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    weight = torch.tensor([1.0, 0.5, 1.0], dtype=torch.float64)

    def objective(x: Tensor) -> Tensor:
        per_token = clipped_surrogate(ratio(x, old, MASK), advantage, 0.2, 0.2)
        return aggregate(per_token + 0.04 * kl_k3(x, old, MASK), MASK, weight, TOTALS)

    assert torch.autograd.gradcheck(objective, logp)


def test_the_kls_gradient_agrees_with_finite_differences() -> None:
    logp, old = _logps(seed=4)
    assert torch.autograd.gradcheck(lambda x: kl_k3(x, old, MASK), logp)


def test_k3_has_the_divergence_as_expectation() -> None:
    rng = torch.Generator().manual_seed(1)
    logp, other = torch.randn(2, 1, 9, generator=rng, dtype=torch.float64).log_softmax(-1)
    exact = torch.nn.functional.kl_div(other, logp, log_target=True, reduction="sum")
    every = torch.ones_like(logp, dtype=torch.bool)
    torch.testing.assert_close((logp.exp() * kl_k3(logp, other, every)).sum(), exact)


def test_k3_is_never_negative() -> None:
    logp, old = _logps(seed=5, rows=50)
    assert (kl_k3(logp, old, torch.ones(50, 4, dtype=torch.bool)) >= 0).all()


def test_aggregations_by_hand() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0, 99.0], [4.0, 99.0, 99.0, 99.0], [99.0] * 4])
    weight = torch.tensor([1.0, 0.5, 1.0])
    totals = Totals(responses=2.5, tokens=3.5, max_tokens=10)
    assert sequence_mean(x, MASK, weight, totals).item() == pytest.approx((2 + 0.5 * 4) / 2.5)
    assert token_mean(x, MASK, weight, totals).item() == pytest.approx((6 + 0.5 * 4) / 3.5)
    assert limit_mean(x, MASK, weight, totals).item() == pytest.approx((6 + 0.5 * 4) / 25)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_nothing_to_train_on_is_zero_and_finite(aggregate: Callable[..., Tensor]) -> None:
    logp, old = _logps()
    ratio = token_ratio(logp, old, MASK)
    loss = aggregate(ratio, MASK, torch.zeros(3, dtype=torch.float64), Totals(0.0, 0.0, 10))
    loss.backward()
    assert loss.item() == 0
    assert (logp.grad == 0).all()


@pytest.mark.parametrize("rubbish", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_padding_never_reaches_loss_or_gradient(rubbish: float) -> None:
    logp, old = _logps()
    dirty = logp.detach().masked_fill(~MASK, rubbish).requires_grad_()
    advantage = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    weight = torch.ones(3, dtype=torch.float64)
    losses = []
    for x in (logp, dirty):
        ratio = token_ratio(x, old, MASK) + sequence_ratio(x, old, MASK)
        per_token = clipped_surrogate(ratio, advantage, 0.2, 0.2) + kl_k3(x, old, MASK)
        per_token = per_token + clipped_weight(ratio, advantage, x, MASK, 1.0, 4.0)
        losses.append(token_mean(per_token, MASK, weight, TOTALS))
        losses[-1].backward()
    torch.testing.assert_close(losses[1], losses[0])
    torch.testing.assert_close(dirty.grad, logp.grad)


@pytest.mark.parametrize("gap", [50.0, 500.0, -500.0, 1e6])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_broken_token_leaves_float32_gradients_finite(gap: float, sign: float) -> None:
    logp = torch.zeros(1, 2, requires_grad=True)
    mask = torch.ones(1, 2, dtype=torch.bool)
    old = torch.tensor([[-gap, 0.0]])
    loss = clipped_surrogate(token_ratio(logp, old, mask), torch.tensor([sign]), 0.2, 0.2).sum()
    (loss + kl_k3(logp, old, mask).sum()).backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logp.grad.square().sum())
    assert logp.grad[0, 1] != 0


def test_a_weighted_log_prob_is_nothing_outside_the_response() -> None:
    ratio, logp = torch.tensor([[1.0, 9.0]]), torch.tensor([[-2.0, -3.0]])
    mask = torch.tensor([[True, False]])
    found = clipped_weight(ratio, torch.tensor([0.5]), logp, mask, 0.2, 0.2)
    assert found.tolist() == [[1.0, 0.0]]


def test_a_ratio_at_its_bound_has_not_left_it() -> None:
    ratio = torch.tensor([[0.75, 0.7499, 1.5, 1.5001]])
    both = [outside_clip(ratio, torch.tensor([a]), 0.25, 0.5)[0].tolist() for a in (-1.0, 1.0)]
    assert both == [[False, True, False, False], [False, False, False, True]]
