"""What a planned run is told: its arm, seed, settings and contract, and where it was planned."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

from srpo_bench.harness.machine import versions
from srpo_bench.harness.planning.arms import arm_record
from srpo_bench.harness.planning.comparison import PlannedComparison, PlannedRun
from srpo_bench.harness.planning.extend import first_seeds
from srpo_bench.results.schema import SCHEMA


def manifest_of(
    comparison: PlannedComparison, run: PlannedRun, record: dict[str, Any]
) -> dict[str, Any]:
    """The manifest of one run of a comparison, whose record is ``record``."""
    config, settings = comparison.config, record["config"]
    if "added" in record:  # a run proves the digests of the first seeds, as those of the others do
        settings = {**settings, "seeds": first_seeds(record)}
    arm = arm_record(run.arm)
    return {
        "schema": SCHEMA,
        "arm": arm["arm"],
        "algorithm": arm["algorithm"],
        "sampler": arm["sampler"],
        "seed": run.seed,
        "unit": record["unit"],
        "settings": settings,
        "algorithm_settings": arm["settings"],
        "sampler_settings": arm["sampler_settings"],
        **({"optim": arm["optim"]} if "optim" in arm else {}),
        "contract": {**record["contract"], "pool_digest_seed": record["pools"][str(run.seed)]},
        "versions": versions(),
        "host": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
            "torch_threads": config.threads,
            "accelerator": record["contract"]["accelerator"],
        },
        "plugins": record["plugins"],
        "notes": record["notes"],
        "data": record["data"],
        "base": {
            "path": str(comparison.base),
            "sha256": record["contract"]["base_sha256"],
            "parameters": record.get("parameters"),
        },
    }
