"""The seam to a method: what it hands back is checked, and what it raises bears its name.

A plug-in is somebody else's code. Whatever is wrong with it ends its own run with one sentence that
says which method, which verb and what was wrong; the traceback stands in the run's log.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from typing import Any

import torch
from torch import Tensor

from srpo_bench.algorithms.base import Algorithm, RunInfo
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts, Totals
from srpo_bench.harness.errors import RunError, naming

PLAIN = (type(None), bool, int, float, str, bytes, Tensor)
CONTAINERS = (list, tuple, set, dict, OrderedDict, Counter)
"""What a checkpoint may hold: it is read back without running anybody's code."""

COSTS = ("flops", "verifier_calls", "tokens_generated", "tokens_prefilled", "responses")
"""What ``weigh`` may spend beside ``logp`` and have booked."""

GAPS = (
    "a mask with gaps, and a response is read without any; where a token is not to count, make its "
    "correction 0"
)


def method(name: str) -> str:
    """The method, as an error's sentence begins."""
    return f"Algorithm '{name}'"


def make(kind: type[Algorithm[Any]], settings: dict[str, Any], info: RunInfo) -> Algorithm[Any]:
    """An algorithm for a run."""
    with naming(method(kind.name), "__init__"):
        algorithm = kind(kind.Settings.model_validate(settings), info)
    for name in ("needs_reference", "notes", "waits_for"):
        with naming(method(kind.name), name):
            getattr(algorithm, name)
    return algorithm


def weigh(
    algorithm: Algorithm[Any],
    rollouts: Rollouts,
    grades: Grades,
    logp: LogProbs,
    rng: torch.Generator,
) -> Batch:
    """``algorithm.weigh``: a batch whose parts fit together."""
    with naming(method(algorithm.name), "weigh"):
        answer = algorithm.weigh(rollouts, grades, _of_whole(algorithm, logp), rng)
    if not isinstance(answer, Batch):
        raise _wrong(algorithm, f"returned {kind_of(answer)} from weigh, not a Batch")
    if fault := _fault(answer):
        raise _wrong(algorithm, f"returned {fault}")
    check_metrics(method(algorithm.name), answer.metrics, "weigh")
    for name, cost in answer.costs.items():
        if name not in COSTS or not math.isfinite(cost) or cost < 0:
            raise _wrong(
                algorithm, f"returned a cost {name!r} of {cost!r}; booked are {', '.join(COSTS)}"
            )
    return answer


def _of_whole(algorithm: Algorithm[Any], logp: LogProbs) -> LogProbs:
    """``logp``, which is asked only about responses that can be read."""

    def score(rollouts: Rollouts) -> Tensor:
        if rollouts.has_gaps:
            raise _wrong(algorithm, f"asked for log-probs of {GAPS}")
        return logp(rollouts)

    return score


def loss(
    algorithm: Algorithm[Any], logp: Tensor, reference: Tensor | None, batch: Batch, totals: Totals
) -> tuple[Tensor, dict[str, float]]:
    """``algorithm.loss``: a finite scalar and finite sums."""
    with naming(method(algorithm.name), "loss"):
        answer = algorithm.loss(logp, reference, batch, totals)
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], Tensor):
        raise _wrong(algorithm, f"returned {kind_of(answer)} from loss, not (tensor, metrics)")
    value, metrics = answer
    if value.shape != ():
        raise _wrong(algorithm, f"returned a loss of shape {tuple(value.shape)}, not a scalar")
    if not math.isfinite(value.item()):
        raise _wrong(algorithm, f"returned a loss of {value.item()}")
    check_metrics(method(algorithm.name), metrics, "loss")
    return value, metrics


def state(algorithm: Algorithm[Any]) -> dict[str, Any]:
    """``algorithm.state_dict``: something that a checkpoint can hold."""
    with naming(method(algorithm.name), "state_dict"):
        saved = algorithm.state_dict()
    check_state(method(algorithm.name), saved)
    return saved


def restore(algorithm: Algorithm[Any], saved: dict[str, Any]) -> None:
    """``algorithm.load_state_dict``."""
    with naming(method(algorithm.name), "load_state_dict"):
        algorithm.load_state_dict(saved)


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


def check_state(who: str, state: Any) -> None:
    """Refuse a state that a checkpoint could not hold."""
    if not isinstance(state, dict):
        raise RunError(f"{who} returned {kind_of(state)} from state_dict, not a dict.")
    if strange := _not_plain(state):
        raise RunError(
            f"{who} keeps {strange} in its state; a state is made of plain values, lists, dicts, "
            "tensors."
        )


def check_metrics(who: str, metrics: Any, verb: str) -> None:
    """Refuse metrics that are no finite numbers by name."""
    if not isinstance(metrics, dict):
        raise RunError(f"{who} returned metrics as {kind_of(metrics)} from {verb}, not as a dict.")
    for key, value in metrics.items():
        plain = isinstance(key, str) and isinstance(value, int | float)
        if not plain or not math.isfinite(value):
            shown = repr(value) if plain else kind_of(value)
            raise RunError(f"{who} returned the metric {key!r} as {shown}, not a finite number.")


def _not_plain(value: Any) -> str:
    """The type of the first thing in a state that is neither plain nor a container of such."""
    if type(value) in PLAIN:
        return ""
    if type(value) not in CONTAINERS:
        return kind_of(value)
    inside = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return next((strange for item in inside if (strange := _not_plain(item))), "")


def kind_of(value: Any) -> str:
    """How a sentence names a value's type."""
    return f"a {type(value).__name__}"


def _wrong(algorithm: Algorithm[Any], fault: str) -> RunError:
    return RunError(f"{method(algorithm.name)} {fault}.")
