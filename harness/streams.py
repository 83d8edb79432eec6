"""Named streams of randomness.

Every draw comes from a generator made of (seed, purpose, step), never from a global one. So at one
seed all arms have the same evaluation noise, and those that begin by shuffling the whole pool the
same first batch (common random numbers), and a resumed run needs no saved generator state: step s
always draws the same.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import torch

Purpose = Literal["pool", "order", "sampling", "evaluation", "algorithm", "final"]


def stream(seed: int, purpose: Purpose, step: int = 0) -> torch.Generator:
    """A CPU generator that depends on nothing but its three arguments."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
