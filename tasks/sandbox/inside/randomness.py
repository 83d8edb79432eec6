"""Every program draws the same random numbers, so that its verdict is the same in every run.

Python seeds its generators from the kernel in many places; all of them are led to one stream here,
which each program gets in the same state. A C library's own calls, the clock and addresses are out
of reach: see ``repeatable``, outside.
"""

from __future__ import annotations

import os
import random
from typing import Any


def settle() -> None:
    """Replace the kernel's randomness in this process and in what is forked from it."""
    stream = random.Random(0)
    reseed = random.Random.seed

    def urandom(size: int, flags: int = 0, /) -> bytes:
        return stream.randbytes(size)

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        reseed(self, stream.getrandbits(128) if a is None else a, version)

    for module, name in ((os, "urandom"), (os, "getrandom"), (random, "_urandom")):
        setattr(module, name, urandom)  # ``secrets`` and numpy seed themselves through these
    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed = random._inst.seed
    random.seed(0)
