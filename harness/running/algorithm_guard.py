"""The seam to an algorithm: the batches and losses that it hands back are checked."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts, Totals
from srpo_bench.harness.errors import naming
from srpo_bench.harness.running.method_guard import called, check_metrics, kind_of, wrong

COSTS = ("flops", "verifier_calls", "tokens_generated", "tokens_prefilled", "responses")
"""What ``weigh`` may spend beside ``logp`` and have booked."""

GAPS = (
    "a mask with gaps, and a response is read without any; where a token is not to count, make its "
    "correction 0"
)


def weigh(
    algorithm: Algorithm[Any],
    rollouts: Rollouts,
    grades: Grades,
    logp: LogProbs,
    rng: torch.Generator,
) -> Batch:
    """``algorithm.weigh``: a batch whose parts fit together."""
    with naming(called(algorithm), "weigh"):
        answer = algorithm.weigh(rollouts, grades, _of_whole(algorithm, logp), rng)
    if not isinstance(answer, Batch):
        raise wrong(algorithm, f"returned {kind_of(answer)} from weigh, not a Batch")
    if fault := _fault(answer):
        raise wrong(algorithm, f"returned {fault}")
    check_metrics(algorithm, answer.metrics, "weigh")
    for name, cost in answer.costs.items():
        if name not in COSTS or not math.isfinite(cost) or cost < 0:
            fault = f"returned a cost {name!r} of {cost!r}; booked are {', '.join(COSTS)}"
            raise wrong(algorithm, fault)
    return answer


def _of_whole(algorithm: Algorithm[Any], logp: LogProbs) -> LogProbs:
    """``logp``, which is asked only about responses that can be read."""

    def score(rollouts: Rollouts) -> Tensor:
        if rollouts.has_gaps:
            raise wrong(algorithm, f"asked for log-probs of {GAPS}")
        return logp(rollouts)

    return score


def loss(
    algorithm: Algorithm[Any], logp: Tensor, reference: Tensor | None, batch: Batch, totals: Totals
) -> tuple[Tensor, dict[str, float]]:
    """``algorithm.loss``: a finite scalar and finite sums."""
    with naming(called(algorithm), "loss"):
        answer = algorithm.loss(logp, reference, batch, totals)
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], Tensor):
        raise wrong(algorithm, f"returned {kind_of(answer)} from loss, not (tensor, metrics)")
    value, metrics = answer
    if value.shape != ():
        raise wrong(algorithm, f"returned a loss of shape {tuple(value.shape)}, not a scalar")
    if not math.isfinite(value.item()):
        raise wrong(algorithm, f"returned a loss of {value.item()}")
    check_metrics(algorithm, metrics, "loss")
    return value, metrics


def _fault(batch: Batch) -> str:
    """What is wrong with a batch's shapes or values; empty where nothing is."""
    r = batch.rollouts
    if not isinstance(r, Rollouts) or not isinstance(r.tokens, Tensor) or r.tokens.dim() != 2:
        return "a batch without rollouts of shape (rows, tokens)"
    rows, shape = (len(r.tokens),), tuple(r.tokens.shape)
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {
        "advantage": (batch.advantage, rows),
        "weight": (batch.weight, rows),
        "group": (r.group, rows),
        "truncated": (r.truncated, rows),
        "serial": (r.serial, rows),
        "mask": (r.mask, shape),
        "logp": (r.logp, shape),
        "correction": (r.correction, shape),
    }
    if batch.reward is not None:
        expected["reward"] = (batch.reward, rows)
    for name, (value, wanted) in expected.items():
        if not isinstance(value, Tensor):
            return f"{name} as {kind_of(value)}, not as a tensor"
        if tuple(value.shape) != wanted:
            return f"{name} of shape {tuple(value.shape)} where the rollouts need {wanted}"
        if not torch.isfinite(value).all():
            return f"{name} with values that are not finite"
    if (batch.weight < 0).any():
        return "a negative weight"
    if r.has_gaps:
        return GAPS
    if len(r.prompts) != len(r.prompt_tokens):
        return f"{len(r.prompts)} prompts with {len(r.prompt_tokens)} lists of prompt tokens"
    if rows[0] and not (int(r.group.min()) >= 0 and int(r.group.max()) < len(r.prompts)):
        return f"groups that are not among its {len(r.prompts)} prompts"
    return ""
