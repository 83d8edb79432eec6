"""Atomic checkpoints and exact resume.

A checkpoint is an ordinary Hugging Face folder with the rest of the run's state beside the weights.
It is written in the attempt's outbox, flushed to disk and renamed, so that it is either whole or
not there. It records how long each record file was, and the digests of all of it; a resumed run
goes on from copies of that length, and because every random draw depends on (seed, purpose, step)
only, it then writes the same lines again.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.policy import Policy
from srpo_bench.harness.problems.seen import hand_on
from srpo_bench.harness.running import intact
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.intact import PROGRESS, RECORDS
from srpo_bench.results.store import saved, sync, write_json


def save(
    attempt: Attempt,
    step: int,
    policy: Policy,
    state: dict[str, Any],
    keep: int,
    base: Path | None = None,
) -> None:
    """Write ``checkpoints/step-<n>`` and delete all but the ``keep`` newest.

    Args:
        attempt: at the run.
        state: everything but the weights; plain values and tensors only.
        base: what the policy is trained of, whose card goes with it.
    """
    folder = attempt.run / "checkpoints"
    folder.mkdir(exist_ok=True)
    prepared = attempt.prepare(f"step-{step}")
    policy.model.save_pretrained(prepared)
    policy.tokenizer.save_pretrained(prepared)
    torch.save(state, prepared / "state.pt")
    if base is not None:
        hand_on(base, prepared)
    progress = intact.progress_of(attempt.run, prepared, step, attempt.record_lengths())
    write_json(prepared / PROGRESS, progress)
    for path in [*prepared.rglob("*"), prepared]:
        sync(path)
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
        RunError: the checkpoint, or a record file, is not what it was when it was written.
    """
    run = attempt.run
    progress: dict[str, Any] = {"step": 0, "records": {}}
    state = None
    if checkpoint is not None:
        progress, state = intact.check(run, checkpoint), _state(checkpoint)
    attempt.take_records({name: progress["records"].get(name, 0) for name in RECORDS})
    return int(progress["step"]), state


def _state(checkpoint: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(
            checkpoint / "state.pt", map_location="cpu", weights_only=True
        )
        return state
    except (OSError, EOFError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise RunError(
            f"{checkpoint} is damaged ({type(error).__name__}): delete that folder to go on from "
            "the checkpoint before it, or from the start where there is none."
        ) from error
