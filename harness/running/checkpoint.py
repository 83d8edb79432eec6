"""Atomic checkpoints and exact resume.

A checkpoint is an ordinary Hugging Face folder with the rest of the run's state beside the weights.
It is written under a hidden name, flushed to disk and renamed, so that it is either whole or not
there. It records how long each record file was; a resumed run cuts them back to that length, and
because every random draw depends on (seed, purpose, step) only, it then writes the same lines
again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch

from srpo_bench.harness.models.policy import Policy
from srpo_bench.results.store import read_json, saved, sync_folder, write_json

RECORDS = ("steps.jsonl", "evals.jsonl", "timing.jsonl", "samples.jsonl")


def save(run: Path, step: int, policy: Policy, state: dict[str, Any], keep: int) -> None:
    """Write ``checkpoints/step-<n>`` and delete all but the ``keep`` newest.

    Args:
        state: everything but the weights; plain values and tensors only.
    """
    folder = run / "checkpoints"
    folder.mkdir(exist_ok=True)
    temp = folder / f".step-{step}"
    shutil.rmtree(temp, ignore_errors=True)
    policy.model.save_pretrained(temp)
    policy.tokenizer.save_pretrained(temp)
    torch.save(state, temp / "state.pt")
    lengths = {name: _size(run / name) for name in RECORDS}
    write_json(temp / "progress.json", {"step": step, "records": lengths})
    for path in temp.iterdir():
        _flush(path)
    for name in RECORDS:
        if (run / name).exists():
            _flush(run / name)
    sync_folder(temp)
    final = folder / f"step-{step}"
    shutil.rmtree(final, ignore_errors=True)
    temp.replace(final)
    sync_folder(folder)
    for old in saved(run)[:-keep]:
        shutil.rmtree(folder / f"step-{old}")


def latest(run: Path) -> Path | None:
    """The newest whole checkpoint."""
    steps = saved(run)
    return run / "checkpoints" / f"step-{steps[-1]}" if steps else None


def rewind(run: Path, checkpoint: Path | None) -> tuple[int, dict[str, Any] | None]:
    """Cut the record files back to a checkpoint, or to nothing where there is none.

    Returns:
        The step to go on from and the saved state.
    """
    progress: dict[str, Any] = {"step": 0, "records": {}}
    if checkpoint is not None:
        progress = read_json(checkpoint / "progress.json")
    for name in RECORDS:
        path = run / name
        if path.exists():
            os.truncate(path, progress["records"].get(name, 0))
    for torn in (run / "checkpoints").glob(".step-*"):
        shutil.rmtree(torn)
    if checkpoint is None:
        return 0, None
    state = torch.load(checkpoint / "state.pt", map_location="cpu", weights_only=True)
    return int(progress["step"]), state


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _flush(path: Path) -> None:
    with path.open("rb") as f:
        os.fsync(f.fileno())
