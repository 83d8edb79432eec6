from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.batch import Rollouts, Totals
from srpo_bench.algorithms.correction import Correction, outside, weights
from srpo_bench.algorithms.registry import BUILT_IN
from tests.algorithms.pair import Pair

NAMES = list(BUILT_IN)
MASK = torch.tensor([[True, True, True], [True, True, False]])
RATIO = torch.tensor([[0.25, 2.0, 8.0], [0.5, 4.0, 99.0]])
"""Products of the rows, padding left out: 4 and 2."""


def _weights(kind: Correction, cap: float = 3.0, floor: float = 0.0) -> Tensor:
    engine = torch.full((2, 3), -1.0)
    return weights(engine + RATIO.log(), engine, MASK, kind, cap, floor)


def test_truncation_bounds_and_masking_drops() -> None:
    token = _weights("token-truncated", floor=0.4)
    torch.testing.assert_close(token[MASK], torch.tensor([0.4, 2.0, 3.0, 0.5, 3.0]))
    token = _weights("token-masked", floor=0.4)
    torch.testing.assert_close(token[MASK], torch.tensor([0.0, 2.0, 0.0, 0.5, 0.0]))


def test_without_a_correction_every_weight_is_one() -> None:
    assert torch.equal(_weights("none", floor=0.4), torch.ones(2, 3))


def test_a_sequence_has_one_weight() -> None:
    truncated, masked = _weights("sequence-truncated"), _weights("sequence-masked")
    torch.testing.assert_close(truncated[MASK], torch.tensor([3.0, 3.0, 3.0, 2.0, 2.0]))
    torch.testing.assert_close(masked[MASK], torch.tensor([0.0, 0.0, 0.0, 2.0, 2.0]))


@pytest.mark.parametrize("kind", get_args(Correction))
def test_an_engine_that_agrees_needs_no_correction(kind: Correction) -> None:
    logp = -torch.rand(2, 3)
    assert torch.equal(weights(logp, logp, MASK, kind, 3.0, 0.5)[MASK], torch.ones(5))


@pytest.mark.parametrize("kind", ["sequence-truncated", "sequence-masked"])
def test_a_response_that_overflows_still_has_a_weight(kind: Correction) -> None:
    engine, mask = torch.full((1, 9), -30.0), torch.ones(1, 9, dtype=torch.bool)
    weight = weights(engine + 29, engine, mask, kind, 3.0, 0.0)
    assert weight.eq(3.0 if kind == "sequence-truncated" else 0.0).all()


# What holds for every method: the correction and the serial number belong to their response
# wherever it goes, and the objective is multiplied by the one.


def _corrected(sample: Any) -> Any:
    """Samples whose correction and serial number can be told from their tokens."""

    def make(*args: Any, **kwargs: Any) -> Rollouts:
        rollouts: Rollouts = sample(*args, **kwargs)
        rollouts.serial = rollouts.tokens[:, 0].clone()
        rollouts.correction = _of(rollouts.tokens)
        return rollouts

    return make


def _of(tokens: Tensor) -> Tensor:
    """A correction of each token, (B, T): a row's own value, so that sequence ratios factor."""
    return 0.5 + (tokens[:, :1] % 7 / 7).expand(tokens.shape)


def _make(name: str, plan: Any) -> Pair:
    return Pair.make(name, plan(["math", "math", "code"] * 4, steps=16), beta=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_response_keeps_its_correction_and_number_through_replay_and_resume(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    replayed = 0
    for step in range(1, 7):
        arm = arm.resumed() if step == 3 else arm
        batch = arm.step(step, _corrected(sample), grade)
        shuffled = torch.randperm(len(batch), generator=torch.Generator().manual_seed(step))
        for r in (batch.rollouts, batch.rows(shuffled).rollouts):
            assert torch.equal(r.serial, r.tokens[:, 0])
            assert torch.equal(r.correction[r.mask], _of(r.tokens)[r.mask])
        replayed += int((batch.rollouts.serial < 10_000 * step).sum())
    assert (replayed > 0) == (name == "srpo")


@pytest.mark.parametrize("name", NAMES)
def test_the_objective_is_multiplied_and_its_denominators_are_not(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    algorithm = arm.algorithm
    assert algorithm.corrects
    for step in range(1, 4):
        batch = arm.step(step, sample, grade)
    totals = Totals.of(batch, max_tokens=7)
    gradients = []
    for correction in (torch.ones_like(batch.rollouts.logp), _of(batch.rollouts.tokens)):
        batch.rollouts.correction = correction
        logp = (batch.rollouts.logp + 0.3 * torch.sin(batch.rollouts.tokens.float())).double()
        logp.requires_grad_()
        algorithm.loss(logp, None, batch, totals)[0].backward()
        assert logp.grad is not None
        gradients.append(logp.grad)
    assert gradients[0].abs().max() > 0
    expected = _of(batch.rollouts.tokens) * gradients[0]
    torch.testing.assert_close(gradients[1], expected, rtol=1e-6, atol=1e-9)


def test_the_bounds_themselves_are_inside() -> None:
    weight = torch.tensor([0.49, 0.5, 3.0, 3.01])
    assert outside(weight, 3.0, 0.5).tolist() == [True, False, False, True]
