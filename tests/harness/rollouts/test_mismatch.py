from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.harness.rollouts.mismatch import effective_sample_size, mismatch

MASK = torch.tensor([[True, True, True], [True, False, False]])


def test_the_numbers_by_hand() -> None:
    engine = torch.tensor([[-1.0, -2.0, -0.5], [-3.0, 7.0, 7.0]])
    learner = torch.tensor([[-1.5, -2.0, -0.4], [-2.0, -7.0, float("nan")]])
    found = mismatch(engine, learner, MASK)
    gaps = [-0.5, 0.0, 0.1, 1.0]
    assert found["difference_mean"] == pytest.approx(1.6 / 4)
    assert found["difference_max"] == pytest.approx(1.0)
    assert found["kl"] == pytest.approx(sum(math.exp(g) - 1 - g for g in gaps) / 4, rel=1e-5)
    w = [math.exp(g) for g in gaps]
    assert found["ess_token"] == pytest.approx(sum(w) ** 2 / (4 * sum(x * x for x in w)))
    w = [math.exp(-0.4), math.exp(1.0)]
    assert found["ess_sequence"] == pytest.approx(sum(w) ** 2 / (2 * sum(x * x for x in w)))


def test_two_that_agree() -> None:
    logp = -torch.rand(2, 3)
    assert mismatch(logp, logp.clone(), MASK) == {
        "difference_mean": 0.0,
        "difference_max": 0.0,
        "kl": 0.0,
        "ess_token": pytest.approx(1.0),
        "ess_sequence": pytest.approx(1.0),
    }


def test_kl_and_effective_sample_size_are_those_of_the_distributions() -> None:
    """Against the exact sums over a vocabulary of 20: KL(μ ‖ π), and 1 / E_μ[(π/μ)²]."""
    rng = torch.Generator().manual_seed(0)
    engine, learner = torch.randn(2, 20, generator=rng, dtype=torch.float64).log_softmax(1)
    draws = torch.multinomial(engine.exp(), 200_000, replacement=True, generator=rng)[:, None]
    found = mismatch(engine[draws], learner[draws], torch.ones_like(draws, dtype=torch.bool))
    exact = (engine.exp() * (engine - learner)).sum().item()
    assert found["kl"] == pytest.approx(exact, rel=0.03)
    ess = 1 / (learner - engine).exp().mul(learner.exp()).sum().item()
    assert found["ess_token"] == pytest.approx(ess, rel=0.05)
    assert found["ess_sequence"] == pytest.approx(found["ess_token"])


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=20), st.floats(-500, 500))
def test_effective_sample_size_is_bounded_and_blind_to_scale(
    values: list[float], shift: float
) -> None:
    log_weight = torch.tensor(values, dtype=torch.float64)
    found = effective_sample_size(log_weight)
    assert 1 / len(values) - 1e-9 <= found <= 1 + 1e-9
    assert effective_sample_size(log_weight + shift) == pytest.approx(found, rel=1e-6)


def test_nothing_generated_is_no_mismatch() -> None:
    logp, nothing = torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.bool)
    found = mismatch(logp, logp - 1, nothing)
    assert (found["kl"], found["ess_token"], found["ess_sequence"]) == (0, 1, 1)
