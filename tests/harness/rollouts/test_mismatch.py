from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.config import Rollout
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.rollouts.mismatch import (
    corrected_rollouts,
    effective_sample_size,
    mismatch,
    step_mismatch,
)

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


def test_a_single_token_weighs_whole() -> None:
    found = mismatch(torch.tensor([[-1.0]]), torch.tensor([[-1.5]]), torch.tensor([[True]]))
    assert found["difference_mean"] == found["difference_max"] == 0.5


def completions(learner: torch.Tensor | None) -> Any:
    """Two responses of 2 and 1 tokens, sampled at −1 nat a token."""
    mask = torch.tensor([[True, True], [True, False]])
    logp, blank = -1.0 * mask, torch.zeros(2).bool()
    r = Rollouts(["p"], [[1]], torch.zeros(2).long(), mask.long(), mask, logp, blank)
    responses = SimpleNamespace(logp=logp, mask=mask)
    return SimpleNamespace(learner_logp=learner, responses=responses, rollouts=lambda: r)


LEARNER = torch.tensor([[-1.0, -3.0], [0.5, 0.0]])  # weights of 1, e⁻² and e^1.5


def test_what_meets_a_bound_is_counted_where_there_is_a_correction() -> None:
    assert step_mismatch(completions(None), Rollout()) is None
    plain = step_mismatch(completions(LEARNER), Rollout())
    assert plain is not None
    assert "cut" not in plain
    settings = Rollout(correction="token-truncated", correction_cap=2.0, correction_floor=0.0)
    cut = step_mismatch(completions(LEARNER), settings)
    assert cut is not None
    assert cut["cut"] == pytest.approx(1 / 3)


def test_rollouts_are_the_learners_where_they_are_corrected_or_must_be_exact() -> None:
    blank = Rollout()
    for learner, exact, theirs in (
        (None, True, False),
        (LEARNER, False, False),
        (LEARNER, True, True),
    ):
        made = completions(learner)
        found = corrected_rollouts(made, blank, exact)
        sampled = made.rollouts().logp
        assert torch.equal(found.logp, learner if theirs and learner is not None else sampled)
        found.logp.fill_(9)  # a method's own copy
        found.mask.fill_(False)
        assert not (made.rollouts().logp == 9).any()
        assert made.rollouts().mask.any()
        assert learner is None or not (learner == 9).any()
        assert (found.correction == 1).all()
    settings = Rollout(correction="token-truncated", correction_cap=2.0, correction_floor=0.0)
    found = corrected_rollouts(completions(LEARNER), settings)
    assert torch.equal(found.logp, LEARNER)
    assert found.logp is not LEARNER
    expected = torch.tensor([[1.0, math.exp(-2)], [2.0, 1.0]])
    mask = found.mask
    torch.testing.assert_close(found.correction[mask], expected[mask])


def test_log_probs_that_are_no_numbers_end_the_run() -> None:
    made = completions(None)
    made.rollouts().logp[1, 1] = math.nan  # on padding nobody reads it
    corrected_rollouts(made, Rollout())
    made.rollouts().logp[0, 1] = math.inf
    with pytest.raises(RunError, match="The engine returned log-probs that are not finite"):
        corrected_rollouts(made, Rollout())
