"""Loss and gradient against TRL 1.16.0, whose own code runs on the same log-probabilities.

Where TRL and this project name things differently: TRL's ``bnpo`` is a token mean over the batch;
its cispo ``epsilon_high`` is the cap itself (ours: 1 + epsilon_high); its ``dapo`` and ``cispo``
denominators are rescaled by gradient accumulation over steps per generation, here 1 over 1. TRL
does not clamp log-ratios; ours are clamped beyond ±40, outside the range compared here.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections import defaultdict
from dataclasses import dataclass, field
from types import CodeType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Batch, Rollouts, Totals
from srpo_bench.algorithms.correction import Correction, weights
from srpo_bench.algorithms.registry import get

pytestmark = pytest.mark.integration  # importing TRL's trainer takes seconds
LIMIT = 9
ROWS = 12


@dataclass(frozen=True)
class Case:
    """Our algorithm and settings, and TRL's name and arguments for the same thing."""

    ours: str
    trl: str
    settings: dict[str, float] = field(default_factory=dict)
    level: str = "token"

    def __str__(self) -> str:
        return f"{self.ours}-{self.settings}" if self.settings else self.ours


CASES = [
    Case("grpo", "grpo", {"beta": 0.0}),
    Case("grpo", "grpo", {"beta": 0.04}),
    Case("grpo", "grpo", {"beta": 0.04, "epsilon_low": 0.1, "epsilon_high": 0.5}),
    Case("grpo-token", "bnpo"),
    Case("grpo-token", "bnpo", {"beta": 0.04, "epsilon_high": 0.28}),
    Case("dapo", "dapo"),
    Case("dr_grpo", "dr_grpo"),
    Case("dr_grpo", "dr_grpo", {"beta": 0.04}),
    Case("cispo", "cispo"),
    Case("cispo", "cispo", {"epsilon_high": 0.3, "beta": 0.04}),
    Case("gspo", "grpo", level="sequence"),
    Case("gspo", "grpo", {"epsilon_low": 0.2, "epsilon_high": 0.28, "beta": 0.04}, "sequence"),
]


@pytest.mark.parametrize("spread", [0.01, 0.5, 10.0], ids=["near", "far", "extreme"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", CASES, ids=str)
def test_loss_and_gradient_equal_trls(case: Case, seed: int, spread: float, plan: Any) -> None:
    kind = get(case.ours)
    algorithm = kind(kind.Settings(**case.settings), plan(["math"]))
    batch, logp, reference = _inputs(seed, spread)
    ours, our_gradient = _ours(algorithm, batch, logp, reference)
    theirs, their_gradient = _trls(case, algorithm, batch, logp, reference)
    assert their_gradient.abs().max() > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=1e-9, atol=1e-9)


MODES = {
    "token-truncated": "token_truncate",
    "token-masked": "token_mask",
    "sequence-truncated": "sequence_truncate",
    "sequence-masked": "sequence_mask",
}


@pytest.mark.parametrize("bounds", [(3.0, 0.0), (1.2, 0.5)], ids=["cap", "cap-and-floor"])
@pytest.mark.parametrize("spread", [0.01, 0.5, 5.0], ids=["near", "far", "extreme"])
@pytest.mark.parametrize("kind", MODES)
def test_importance_corrections_are_trls(
    kind: Correction, spread: float, bounds: tuple[float, float]
) -> None:
    batch, learner, _ = _inputs(0, spread)
    engine, mask = batch.rollouts.logp, batch.rollouts.mask
    ours = weights(learner, engine, mask, kind, *bounds)
    namespace: dict[str, Any] = {
        "completion_mask": mask.long(),
        "math": math,
        "old_per_token_logps": learner,
        "sampling_per_token_logps": engine,
        "self": SimpleNamespace(
            use_vllm=True,
            vllm_importance_sampling_correction=True,
            vllm_importance_sampling_mode=MODES[kind],
            vllm_importance_sampling_clip_max=bounds[0],
            vllm_importance_sampling_clip_min=bounds[1] or None,
        ),
        "tool_mask": None,
        "torch": torch,
    }
    exec(_trls_correction(), namespace)  # noqa: S102  TRL's own statement
    theirs = namespace["vllm_importance_sampling_ratio"].expand_as(ours)
    torch.testing.assert_close(ours[mask], theirs[mask], rtol=1e-14, atol=0)
    if spread > 0.1:
        assert len(ours[mask].unique()) > 1


@pytest.mark.parametrize("kind", MODES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_correction_enters_the_loss_where_trls_does(
    case: Case, kind: Correction, plan: Any
) -> None:
    algorithm = get(case.ours)(get(case.ours).Settings(**case.settings), plan(["math"]))
    batch, logp, reference = _inputs(0, 0.5)
    noise = 0.4 * torch.randn(logp.shape, generator=torch.Generator().manual_seed(9)).double()
    r = batch.rollouts
    r.correction = weights(r.logp, r.logp + noise, r.mask, kind, 3.0, 0.5)
    ours, our_gradient = _ours(algorithm, batch, logp, reference)
    theirs, their_gradient = _trls(case, algorithm, batch, logp, reference)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=1e-9, atol=1e-9)
    r.correction = torch.ones_like(r.correction)
    assert not torch.equal(our_gradient, _ours(algorithm, batch, logp, reference)[1])


def _trls_correction() -> CodeType:
    """The statement of TRL's that makes ``vllm_importance_sampling_ratio``, out of the method that
    generates: nothing of it can be called apart from a whole trainer."""
    from trl import GRPOTrainer

    source = inspect.getsource(GRPOTrainer._generate_and_score_completions)
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        if isinstance(node, ast.If) and "per_token_logps_diff = (" in ast.unparse(node.body):
            return compile(ast.Module([node], []), "trl", "exec")
    raise AssertionError("TRL makes its importance ratio elsewhere now")


def _inputs(seed: int, spread: float) -> tuple[Batch, Tensor, Tensor]:
    """Ragged lengths, one row fully masked, log-ratios of the given spread (at 10, up to ±30)."""
    rng = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, LIMIT + 1, (ROWS,), generator=rng)
    lengths[3] = 0
    mask = torch.arange(LIMIT) < lengths.unsqueeze(1)
    old = -3 * torch.rand(ROWS, LIMIT, generator=rng, dtype=torch.float64)
    shift = spread * torch.randn(2, ROWS, LIMIT, generator=rng, dtype=torch.float64)
    logp, reference = old + shift.clamp(-30, 30)
    rollouts = Rollouts(
        prompts=["a", "b", "c"],
        prompt_tokens=[[1]] * 3,
        group=torch.arange(3).repeat_interleave(4),
        tokens=torch.ones(ROWS, LIMIT, dtype=torch.long),
        mask=mask,
        logp=old * mask,
        truncated=lengths == LIMIT,
    )
    advantage = torch.randn(ROWS, generator=rng, dtype=torch.float64)
    advantage[5] = 0.0
    return Batch(rollouts, advantage, torch.ones_like(advantage), {}), logp, reference


def _ours(
    algorithm: Algorithm[Any], batch: Batch, logp: Tensor, reference: Tensor
) -> tuple[Tensor, Tensor]:
    x = logp.clone().requires_grad_()
    ref = reference if algorithm.needs_reference else None
    loss, _ = algorithm.loss(x, ref, batch, Totals.of(batch, LIMIT))
    loss.backward()
    assert x.grad is not None
    return loss.detach(), x.grad


def _trls(
    case: Case, algorithm: Algorithm[Any], batch: Batch, logp: Tensor, reference: Tensor
) -> tuple[Tensor, Tensor]:
    from trl import GRPOTrainer

    x = logp.clone().requires_grad_()
    mask = batch.rollouts.mask.long()
    s = algorithm.settings
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (x, torch.zeros_like(x), None),
        _metrics={"train": defaultdict(list)},
        _entropy_bonus_enabled=False,
        accelerator=SimpleNamespace(
            num_processes=1, gather=lambda t: t, reduce=lambda t, reduction: t
        ),
        args=SimpleNamespace(use_bias_correction_kl=False, delta=None, steps_per_generation=1),
        aux_loss_enabled=False,
        beta=s.beta,
        current_gradient_accumulation_steps=1,
        epsilon_high=1 + s.epsilon_high if case.trl == "cispo" else s.epsilon_high,
        epsilon_low=s.epsilon_low,
        importance_sampling_level=case.level,
        loss_type=case.trl,
        max_completion_length=LIMIT,
        model=SimpleNamespace(training=True),
        off_policy_mask_threshold=None,
        top_entropy_quantile=1.0,
        use_vllm=True,
        vllm_importance_sampling_correction=True,
    )
    ids = batch.rollouts.tokens
    inputs = {
        "prompt_ids": ids[:, :1],
        "prompt_mask": torch.ones_like(ids[:, :1]),
        "completion_ids": ids,
        "completion_mask": mask,
        "advantages": batch.advantage,
        "old_per_token_logps": batch.rollouts.logp,
        "ref_per_token_logps": reference,
        "num_items_in_batch": mask.sum(),
        "importance_sampling_ratio": batch.rollouts.correction,
    }
    loss = GRPOTrainer._compute_loss(trainer, None, inputs)
    loss.backward()
    assert x.grad is not None
    return loss.detach(), x.grad
