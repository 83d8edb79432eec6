"""What a plug-in promises, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One promise. ``fault``: what was seen where it does not hold, and what to do; else empty."""

    name: str
    fault: str = ""


RUNS = "it runs"
"""The first promise of all. A method may need what the check has not; its own runs then say so."""
