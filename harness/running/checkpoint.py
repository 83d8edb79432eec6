"""Atomic checkpoints and exact resume.

A checkpoint is an ordinary Hugging Face folder with the rest of the run's state beside the weights.
It is written in the attempt's outbox, flushed to disk and renamed, so that it is either whole or
not there. It records how long each record file was; a resumed run goes on from copies of that
length, and because every random draw depends on (seed, purpose, step) only, it then writes the same
lines again.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.results.store import read_json, saved, write_json

RECORDS = ("steps.jsonl", "evals.jsonl", "timing.jsonl", "samples.jsonl")


def save(attempt: Attempt, step: int, policy: Policy, state: dict[str, Any], keep: int) -> None:
    """Write ``checkpoints/step-<n>`` and delete all but the ``keep`` newest.

    Args:
        attempt: at the run.
        state: everything but the weights; plain values and tensors only.
    """
    folder = attempt.run / "checkpoints"
    folder.mkdir(exist_ok=True)
    prepared = attempt.prepare(f"step-{step}")
    policy.model.save_pretrained(prepared)
    policy.tokenizer.save_pretrained(prepared)
    torch.save(state, prepared / "state.pt")
    write_json(prepared / "progress.json", {"step": step, "records": attempt.record_lengths()})
    for path in [*prepared.rglob("*"), prepared]:
        _flush(path)
    final = folder / f"step-{step}"
    attempt.drop(final)
    attempt.put(prepared, final)
    for old in saved(attempt.run)[:-keep]:
        attempt.drop(folder / f"step-{old}")
    attempt.saved(final)


def latest(run: Path) -> Path | None:
    """The newest whole checkpoint."""
    steps = saved(run)
    return run / "checkpoints" / f"step-{steps[-1]}" if steps else None


def rewind(attempt: Attempt, checkpoint: Path | None) -> tuple[int, dict[str, Any] | None]:
    """Go on from a checkpoint, or from nothing where there is none: the attempt takes the records
    as long as they were then.

    Returns:
        The step to go on from and the saved state.

    Raises:
        RunError: a record file is not what the checkpoint was written beside.
    """
    run = attempt.run
    progress: dict[str, Any] = {"step": 0, "records": {}}
    state = None
    if checkpoint is not None:
        progress, state = _read(checkpoint)
    lengths = {name: progress["records"].get(name, 0) for name in RECORDS}
    for name, length in lengths.items():
        if not _ends_a_line(run / name, length):
            raise RunError(
                f"{run / name} is damaged: it does not hold the lines that were there at step "
                f"{progress['step']}. Put it back, or delete {run / 'checkpoints'} to start over."
            )
    attempt.take_records(lengths)
    return int(progress["step"]), state


def _read(checkpoint: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """How far the records were when it was written, and the state."""
    try:
        progress = read_json(checkpoint / "progress.json")
        return progress, torch.load(checkpoint / "state.pt", map_location="cpu", weights_only=True)
    except (OSError, EOFError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise RunError(
            f"{checkpoint} is damaged ({type(error).__name__}): delete that folder to go on from "
            "the checkpoint before it, or from the start where there is none."
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _ends_a_line(path: Path, length: int) -> bool:
    """Whether the first ``length`` bytes of a record are there and end with a whole line."""
    if length == 0:
        return True
    if _size(path) < length:
        return False
    with path.open("rb") as f:
        f.seek(length - 1)
        return f.read(1) == b"\n"


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
