"""Engine against learner: how far the log-probs that came with the responses are from the learner's
own of the same tokens, and the rollouts with that difference corrected."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from srpo_bench.algorithms import correction
from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.algorithms.surrogate import kl_k3
from srpo_bench.harness.config import Rollout
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.rollouts.collect import GradedCompletions
from srpo_bench.results.schema import Mismatch


def mismatch(engine: Tensor, learner: Tensor, mask: Tensor) -> Mismatch:
    """The difference of two policies on what the first has sampled, (B, T) nats each.

    KL(engine ‖ learner) is the k3 estimator's mean over tokens: π/μ − log(π/μ) − 1, never negative.
    Effective sample sizes are (Σw)² / (n Σw²), Kish 1965, of importance weights learner/engine: 1
    where the two agree, 1/n where a single weight outweighs all others.
    """
    engine, learner = engine.double(), learner.double()
    difference = torch.where(mask, learner - engine, 0.0)
    tokens = mask.sum().clamp(min=1)
    return {
        "difference_mean": (difference.abs().sum() / tokens).item(),
        "difference_max": difference.abs().max().item(),
        "kl": (kl_k3(engine, learner, mask).sum() / tokens).item(),
        "ess_token": effective_sample_size(difference[mask]),
        "ess_sequence": effective_sample_size(difference.sum(dim=1)),
    }


def effective_sample_size(log_weight: Tensor) -> float:
    """(Σw)² / (n Σw²) of log-weights (n,), as a fraction of n; 1 where there are none."""
    if not len(log_weight):
        return 1.0
    w = (log_weight - log_weight.max()).exp()  # a common factor cancels
    return (w.sum().square() / (len(w) * w.square().sum())).item()


def step_mismatch(completions: GradedCompletions, settings: Rollout) -> Mismatch | None:
    """The record of a step; None where the learner's log-probs were not asked for.

    ``cut``, where there is a correction: share of the tokens whose weight met a bound.
    """
    if completions.learner_logp is None:
        return None
    r = completions.responses
    measures = mismatch(r.logp, completions.learner_logp, r.mask)
    if settings.correction != "none":
        weight = correction.importance(
            completions.learner_logp, r.logp, r.mask, settings.correction
        )
        cut = correction.outside(weight, settings.correction_cap, settings.correction_floor)
        measures["cut"] = cut[r.mask].double().mean().item()
    return measures


def corrected_rollouts(
    completions: GradedCompletions, settings: Rollout, exact_ratio: bool = False
) -> Rollouts:
    """The rollouts as algorithms see them, with what separates engine and learner accounted for.

    Without a correction ρ is π against the engine's own log-probs: a clipped importance ratio that
    holds the mismatch as well, unless the ratio must be exact. With one ρ is π against the
    learner's log-probs before the update, so that clipping sees the policy's own movement only, and
    the mismatch is a bounded weight. A copy: what a method writes into it is in no record.
    """
    rollouts = completions.rollouts().copy()
    if not torch.isfinite(rollouts.logp[rollouts.mask]).all():
        raise RunError("The engine returned log-probs that are not finite.")
    if completions.learner_logp is None:
        return rollouts
    learner_logp = completions.learner_logp.clone()
    if settings.correction == "none":
        return replace(rollouts, logp=learner_logp) if exact_ratio else rollouts
    weight = correction.weights(
        learner_logp,
        rollouts.logp,
        rollouts.mask,
        settings.correction,
        settings.correction_cap,
        settings.correction_floor,
    )
    return replace(rollouts, logp=learner_logp, correction=weight)
