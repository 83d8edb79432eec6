"""An arm's algorithm and sampler, made for a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srpo_bench.algorithms.base import Algorithm, RunInfo
from srpo_bench.algorithms.batch import PromptInfo
from srpo_bench.algorithms.registry import get, sampler_of
from srpo_bench.algorithms.samplers.base import Sampler
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.running import method_guard as guard
from srpo_bench.tasks.base import Problem


def methods_of(
    arm: Arm,
    config: Config,
    pool: Mapping[str, Problem],
    max_new_tokens: int,
    policy: Policy,
) -> tuple[Algorithm[Any], Sampler[Any]]:
    """Both, with what they may know of the run.

    Raises:
        RunError: a plug-in that cannot be made.
    """
    info = RunInfo(
        pool=tuple(PromptInfo(p.id, p.kind) for p in pool.values()),
        prompts_per_step=config.rollout.prompts_per_step,
        group_size=config.rollout.group_size,
        steps=config.steps,
        max_new_tokens=max_new_tokens,
        hidden_size=policy.model.config.get_text_config().hidden_size,
    )
    sampler, defaults = sampler_of(arm.algorithm, arm.sampler)
    return (
        guard.make(get(arm.algorithm), arm.settings, info),
        guard.make(sampler, {**defaults, **arm.sampler_settings}, info),
    )
