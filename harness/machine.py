"""What this machine has: its cores and devices."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from srpo_bench.harness.errors import UserError

if TYPE_CHECKING:
    import torch


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
