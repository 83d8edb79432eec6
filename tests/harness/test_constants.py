"""Numbers that decide what is computed, tried, refused or shown: one that was changed by mistake
need not show anywhere else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import torch

CONSTANTS: dict[str, Any] = {
    "algorithms.surrogate.MAX_LOG_RATIO": 40.0,
    "algorithms.samplers.dps.STATES": 3,
    "algorithms.samplers.dps.PARTLY": 1,
    "harness.cli.doctor.RUN_GIB": 1.0,
    "harness.cli.doctor.DISK_GIB": 0.5,
    "harness.cli.health.LOOK_BACK": 10,
    "harness.cli.health.MANY": 0.5,
    "harness.cli.interrupt.AGAIN": 0.05,
    "harness.cli.live.PLAIN_EVERY": 15.0,
    "harness.cli.live.REDRAW_EVERY": 1.0,
    "harness.cli.live.RESERVED": 6,
    "harness.cli.tables.WIDTH": 132,
    "harness.cli.reading.MOST_HEADLINES": 3,
    "harness.engines.torch_engine.COMPACT": 0.6,
    "harness.engines.vllm_engine.ATTEMPTS": 3,
    "harness.engines.vllm_engine.PROBE": 48,
    "harness.engines.vllm_engine.TOLERANCE": {torch.float32: 1e-3, torch.bfloat16: 0.25},
    "harness.growing.cold_start.SAVES": 10,
    "harness.growing.cold_start.AT_ONCE": 4096,
    "harness.models.head.LOGITS_AT_ONCE": {"cpu": 2**24, "mps": 2**24, "cuda": 2**28},
    "harness.models.head.PROBED": 16,
    "harness.problems.promises.FEW": 4,
    "harness.problems.promises.SECONDS": 30.0,
    "harness.rollouts.aside.LOT": 32,
    "harness.rollouts.probe.BOUND": 1e-3,
    "harness.rollouts.probe.FORCED": 512,
    "harness.rollouts.probe.SAMPLED": 8,
    "harness.running.record.SAMPLED": 8,
    "harness.running.promises.STEPS": 5,
    "harness.running.promises.FEW_TOKENS": 64,
    "harness.running.promises.TOLERANCE": 1e-3,
    "harness.running.promises.FLOOR": 1e-2,
    "harness.running.sampler_guard.MAX_ROUNDS": 64,
    "harness.running.worker.PATIENCE": 60.0,
    "harness.running.worker.CODES": {"done": 0, "failed": 1, "stopped": 130, "superseded": 75},
    "harness.scoring.own_backend.PASS_AT": (1, 10, 100),
    "harness.seeds.MOST": 10_000,
    "harness.seeds.MOST_COUNTED": 100,
    "harness.sinks.tensorboard.FLUSH": 10,
    "harness.tuning.search.SEEDS": (101, 102, 103, 104),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_number_is_what_it_was_settled_to_be(name: str) -> None:
    module, _, constant = name.rpartition(".")
    assert getattr(import_module(f"srpo_bench.{module}"), constant) == CONSTANTS[name]
