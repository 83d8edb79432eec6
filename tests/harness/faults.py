"""Engines that are wrong on purpose, as real ones are when nobody looks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from srpo_bench.harness.engines.base import Completions, Sampling
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.running.loop import Trainer


class Stale(TorchEngine):
    """Goes on with the weights it started with: ``sync`` says nothing and does nothing."""

    shares_weights = False

    def __init__(self, policy: Policy, rows_at_once: int) -> None:
        frozen = replace(policy, model=copy.deepcopy(policy.model))
        super().__init__(frozen, rows_at_once)


class TooCold(TorchEngine):
    """Samples at 0.7 times the temperature it is asked for, and reports what it did."""

    shares_weights = False

    def generate(
        self,
        prompts: Sequence[list[int]],
        n: int,
        sampling: Sampling,
        generator: torch.Generator,
        *rest: Any,
    ) -> Completions:
        cold = replace(sampling, temperature=0.7 * sampling.temperature)
        return super().generate(prompts, n, cold, generator, *rest)


class Faithful(TorchEngine):
    """Nothing is wrong with it, but it does not say that it shares the learner's weights."""

    shares_weights = False


def inject(run: Trainer, engine: type[TorchEngine]) -> Trainer:
    """The run with another engine, for training and evaluation alike."""
    faulty: Any = engine(run.policy, run.config.rollout.rows_at_once)
    run.engine = run.collector.engine = faulty
    return run
