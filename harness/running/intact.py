"""Is a checkpoint, and what was recorded up to it, as it was written? Nothing is loaded to find
out, so damage is reported before anything is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srpo_bench.harness.errors import RunError
from srpo_bench.results.store import read_json

PROGRESS = "progress.json"
RECORDS = ("steps.jsonl", "evals.jsonl", "timing.jsonl", "samples.jsonl")
_PIECE = 1 << 20


def progress_of(
    run: Path, checkpoint: Path, step: int, lengths: Mapping[str, int]
) -> dict[str, Any]:
    """What ``check`` will want to know: how long the records are, and the digests of all that is
    there."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file())
    return {
        "step": step,
        "records": dict(lengths),
        "records_sha256": {name: _sha256(run / name, n) for name, n in lengths.items() if n},
        "sha256": {str(path.relative_to(checkpoint)): _sha256(path) for path in files},
    }


def check(run: Path, checkpoint: Path) -> dict[str, Any]:
    """The checkpoint's progress, proved.

    Raises:
        RunError: a file of it, or a record, is not what it was. Older checkpoints have no digests:
            of them only what cannot be read or is too short is found.
    """
    name = PROGRESS
    try:
        progress = read_json(checkpoint / PROGRESS)
        step, lengths = int(progress["step"]), dict(progress["records"])
        if checkpoint.name != f"step-{step}":
            raise ValueError(step)
        for name, digest in progress.get("sha256", {}).items():
            if _sha256(checkpoint / name) != digest:
                raise ValueError(digest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{checkpoint} is damaged ({name}): delete that folder to go on from the checkpoint "
            "before it, or from the start where there is none."
        ) from error
    for name, length in lengths.items():
        digest = progress.get("records_sha256", {}).get(name)
        if not _holds(run / name, length, digest):
            raise RunError(
                f"{run / name} is damaged: it does not hold the lines that were there at step "
                f"{step}. Put it back, or delete {run / 'checkpoints'} to start over."
            )
    return dict(progress)


def _holds(path: Path, length: int, digest: str | None) -> bool:
    """Whether a record's first ``length`` bytes are there, end a line and are what they were."""
    if length == 0:
        return True
    if _size(path) < length or (digest and _sha256(path, length) != digest):
        return False
    with path.open("rb") as f:
        f.seek(length - 1)
        return f.read(1) == b"\n"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path, length: int | None = None) -> str:
    """The digest of a file, or of its first bytes."""
    digest, left = hashlib.sha256(), path.stat().st_size if length is None else length
    with path.open("rb") as f:
        while left > 0 and (piece := f.read(min(left, _PIECE))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()
