"""Which code trains: one digest of every module that a step's numbers can depend on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import srpo_bench

TRAINS = (
    *("algorithms", "tasks"),
    *(f"harness/{room}" for room in ("engines", "models", "problems", "rollouts", "running")),
    *(f"harness/{file}.py" for file in ("config", "environment", "streams")),
)
"""Folders and files of the package: what a reward weighs, how torch computes and what a seed draws
among them. Planning, executors, the command line and the report compute nothing."""


def code_digest(package: Path | None = None) -> str:
    """sha256 of the Python files there, by their paths; of this package unless another is named."""
    root = package or Path(srpo_bench.__file__).parent
    digest = hashlib.sha256()
    for room in TRAINS:
        for path in _files(root / room):
            text = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))
