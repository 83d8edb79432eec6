"""Draws follow the distribution that is read, in floats and in whole numbers alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from srpo_bench.harness.models import distribution
from srpo_bench.harness.models.distribution import (
    entropy,
    fixed_point,
    invert,
    invert_exactly,
    nucleus,
    sample,
    sampling_logp,
)
from tests.harness.pretended import pretended_cuda


def test_sample_follows_the_distribution() -> None:
    logits = torch.tensor([0.5, -1.0, 2.0, 0.0, 1.0])
    uniform = (torch.arange(100_000) + 0.5) / 100_000
    token, logp = sample(logits.expand(100_000, 5), uniform, temperature=0.8, top_p=1.0)
    expected = (logits / 0.8).softmax(-1)
    torch.testing.assert_close(token.bincount(minlength=5) / 100_000, expected, atol=2e-5, rtol=0)
    torch.testing.assert_close(logp, expected.log()[token])


def test_nucleus_is_the_smallest_set_that_reaches_p() -> None:
    probs = torch.tensor([0.1, 0.5, 0.15, 0.25])
    assert nucleus(probs.log(), 0.5).tolist() == [False, True, False, False]
    assert nucleus(probs.log(), 0.51).tolist() == [False, True, False, True]
    assert nucleus(probs.log(), 1e-9).tolist() == [False, True, False, False]


def test_sampling_logp_keeps_a_token_that_left_the_nucleus_finite() -> None:
    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    logp = sampling_logp(logits, torch.tensor([0]), 1.0, 0.5)
    torch.testing.assert_close(logp.exp(), torch.tensor([0.1 / 0.6]))


def test_whole_numbers_draw_the_same_tokens() -> None:
    rng = torch.Generator().manual_seed(0)
    logp = (3 * torch.randn(500, 1000, generator=rng)).log_softmax(-1)
    logp[:, 300:600] = -torch.inf  # outside of a nucleus
    logp = logp.log_softmax(-1)
    uniform = torch.rand(500, generator=rng)
    uniform[:2] = torch.tensor([0.0, 1 - 2**-24])  # the ends of what torch.rand gives
    drawn = invert_exactly(logp.exp(), uniform)
    assert torch.equal(drawn, invert(logp, uniform))
    assert logp.gather(1, drawn[:, None]).isfinite().all()


def test_rows_summed_in_parts_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(0)
    probs, uniform = torch.rand(7, 50, generator=rng), torch.rand(7, generator=rng)
    whole = invert_exactly(probs, uniform)
    monkeypatch.setattr(distribution, "SUMMED_AT_ONCE", 100)
    assert torch.equal(invert_exactly(probs, uniform), whole)


@pytest.mark.parametrize(("uniform", "token"), [(0.0, 1), (0.624, 1), (0.626, 3), (1 - 1e-7, 3)])
def test_a_token_outside_the_nucleus_is_never_drawn(uniform: float, token: int) -> None:
    """0.5 and 0.3 of the mass are kept: not even a uniform number of exactly 0 gives token 0."""
    logits = torch.tensor([[0.1, 0.5, 0.1, 0.3]]).log()
    drawn, logp = sample(logits, torch.tensor([uniform]), temperature=1.0, top_p=0.75)
    assert drawn.tolist() == [token]
    kept = {1: 0.5, 3: 0.3}[token] / 0.8
    torch.testing.assert_close(logp.exp(), torch.tensor([kept]))


@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_log_probs_of_any_leading_shape(top_p: float) -> None:
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
    tokens = torch.tensor([[0, 1, 2], [3, 4, 0]])
    found = sampling_logp(logits, tokens, 1.0, top_p)
    for i in range(2):
        one = sampling_logp(logits[i], tokens[i], 1.0, top_p)
        torch.testing.assert_close(found[i], one)
    if top_p == 1:
        plain = logits.log_softmax(-1).gather(-1, tokens[..., None])[..., 0]
        torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
@pytest.mark.parametrize("top_p", [1.0, 0.999999])
def test_a_temperature_divides_the_logits(temperature: float, top_p: float) -> None:
    logits, tokens = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([2])
    logp = (logits / temperature).log_softmax(-1)
    found = sampling_logp(logits, tokens, temperature, top_p)
    torch.testing.assert_close(found, logp[:, 2])
    token, same = sample(logits, torch.tensor([1 - 1e-6]), temperature, top_p)
    torch.testing.assert_close((token, same), (tokens, found))
    by_hand = -(logp.exp() * logp).sum(-1)
    torch.testing.assert_close(entropy(logits, temperature), by_hand)


def test_probabilities_are_whole_multiples_of_two_to_the_minus_52() -> None:
    probs = torch.tensor([1.0, 0.5, 2.0**-52, 2.0**-53, 0.0])
    assert fixed_point(probs).tolist() == [2**52, 2**51, 1, 0, 0]


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Floats on the one, whole numbers on the other."""
    counted: list[int] = []

    def watched(probs: Tensor) -> Tensor:
        counted.append(1)
        return fixed_point(probs)

    monkeypatch.setattr(distribution, "fixed_point", watched)
    with pretended_cuda(monkeypatch) if request.param == "cuda" else nullcontext():
        yield request.param
    assert bool(counted) == (request.param == "cuda")


def test_a_nucleus_ends_where_p_is_reached_exactly(device: str) -> None:
    """64 tokens alike: of so many ones that are exact in binary, the first half."""
    logits = torch.zeros(2, 3, 64).to(device)
    assert nucleus(logits, 0.5).cpu().sum(-1).tolist() == [[32] * 3] * 2
    assert nucleus(logits, 0.5).cpu()[..., :32].all()
    assert nucleus(logits, 33 / 64).cpu().sum(-1).tolist() == [[33] * 3] * 2
    halves = torch.tensor([[0.0, 1.0, 2.0]]).to(device)
    assert nucleus(halves, 0.6).cpu().tolist() == [[False, False, True]]


def test_draws_where_the_policy_is(device: str) -> None:
    """Of a quarter each: u in [¼, ½) is the second token; of a nucleus of half, in [½, 1)."""
    logits = torch.zeros(4, 4).to(device)
    uniform = torch.tensor([0.0, 0.25, 0.5, 1 - 2**-24])
    for top_p, tokens, share in ((1.0, [0, 1, 2, 3], 0.25), (0.5, [0, 0, 1, 1], 0.5)):
        drawn, logp = sample(logits, uniform, 1.0, top_p)
        assert drawn.device == logp.device == logits.device
        assert drawn.cpu().tolist() == tokens
        torch.testing.assert_close(logp.cpu().exp(), torch.full((4,), share))
    best, nothing = sample(torch.eye(4).to(device), uniform, 0.0, 1.0)
    assert best.device == nothing.device == logits.device
    assert best.cpu().tolist() == [0, 1, 2, 3]
    assert nothing.cpu().tolist() == [0.0] * 4


def test_the_whole_vocabulary_is_no_nucleus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum that rounds to 1 early would leave tokens out."""
    monkeypatch.setattr(distribution, "nucleus", lambda *_: pytest.fail("asked for a nucleus"))
    logits, token = torch.tensor([[0.0, 1.0]]), torch.tensor([1])
    sample(logits, torch.tensor([0.5]), 1.0, 1.0)
    sampling_logp(logits, token, 1.0, 1.0)
    for asked in (
        lambda: sample(logits, torch.tensor([0.5]), 1.0, 0.9),
        lambda: sampling_logp(logits, token, 1.0, 0.9),
    ):
        with pytest.raises(pytest.fail.Exception, match="nucleus"):
            asked()


def test_a_level_is_a_share_of_the_total_and_a_boundary_belongs_to_what_follows() -> None:
    """Weights 1, 0, 1, 2 of 4: whatever the sum, and never a token of no weight."""
    weights = torch.tensor([[1.0, 0.0, 1.0, 2.0]])
    for u, token in ((0.0, 0), (0.24, 0), (0.25, 2), (0.49, 2), (0.5, 3), (0.99, 3)):
        uniform = torch.tensor([u])
        assert invert((7 * weights).log(), uniform).tolist() == [token]
        assert invert_exactly(weights / 4, uniform).tolist() == [token]
        assert invert_exactly(weights / 8, uniform).tolist() == [token]
    assert invert(weights.log(), torch.tensor([1.5])).tolist() == [3]  # of rounding: the last


def test_rows_are_summed_in_as_many_parts_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(probs: Tensor) -> Tensor:
        sizes.append(len(probs))
        return fixed_point(probs)

    monkeypatch.setattr(distribution, "fixed_point", watched)
    for at_once, parts in ((20, [2, 2, 1]), (19, [1] * 5), (5, [1] * 5), (1000, [5])):
        monkeypatch.setattr(distribution, "SUMMED_AT_ONCE", at_once)
        sizes.clear()
        invert_exactly(torch.full((5, 10), 0.1), torch.zeros(5))
        assert sizes == parts


def test_entropy_of_any_leading_shape() -> None:
    logits = torch.tensor([0.25, 0.25, 0.5]).log().expand(2, 5, 3)
    torch.testing.assert_close(entropy(logits, 1.0), torch.full((2, 5), 1.5 * math.log(2)))
