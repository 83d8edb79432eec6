"""What has ended does not change: its files' digests are written down, and compared when read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srpo_bench.results.store import FINAL, NewerError, ResultsError, read_record, write_json

SEAL = "seal.json"
SEALED = ("manifest.json", "steps.jsonl", "evals.jsonl", "timing.jsonl", "samples.jsonl", FINAL)
"""What a finished run is judged by."""
PLANNED = ("comparison.json", "manifest.json")
"""What no run makes again."""


def seal(folder: Path, names: Iterable[str] = SEALED) -> None:
    """Write down the digests of the files that are there: they will not change any more."""
    write_json(folder / SEAL, digests(folder, names))


def digests(folder: Path, names: Iterable[str] = SEALED) -> dict[str, str]:
    """sha256 of those of the files that are there, by name: what a seal holds."""
    return {name: _sha256(folder / name) for name in names if (folder / name).is_file()}


def check_seal(folder: Path, besides: Iterable[str] = ()) -> None:
    """Compare the files of a sealed folder with their digests, ``besides`` left out.

    Raises:
        ResultsError: a file is gone or another than it was.
    """
    path = folder / SEAL
    if not path.is_file():  # not sealed: it is under way, imported, or older than seals
        return
    for name, digest in read_record(path).items():
        file = folder / name
        if name not in besides and not (file.is_file() and _sha256(file) == digest):
            way = "begin anew with another --out" if name in PLANNED else again(folder)
            raise ResultsError(
                f"{file} is not as it was when it was finished ({path.name} has its digest): put "
                f"it back from a copy, or {way}."
            )


@contextmanager
def mendable(run: Path) -> Iterator[None]:
    """Says of a damaged file of a run what can be done. No report leaves the run out: it would be
    of other runs than were planned, and of those that somebody chose.

    Raises:
        ResultsError: as in the block, and what to do.
    """
    try:
        yield
    except NewerError:
        raise
    except ResultsError as error:
        what = str(error).removesuffix(".")
        raise ResultsError(f"{what}: put it back from a copy, or {again(run)}.") from error


def again(run: Path) -> str:
    """What makes a run whose files are damaged whole again, where there is no copy of them."""
    manifest = run / "manifest.json"
    if manifest.is_file() and read_record(manifest).get("imported"):
        return "import the logs anew"
    return f"delete all of {run} but its manifest.json, and bench resume runs it again"


def check_there(folder: Path, plan: Mapping[str, Any]) -> None:
    """Without its manifest a run would vanish, and with it what speaks against an arm.

    Raises:
        ResultsError: one is missing.
    """
    arms = [arm["arm"] for arm in plan["arms"]] if "config" in plan else []  # else imported
    planned = {folder / arm / f"seed-{seed}" for arm in arms for seed in plan.get("seeds", [])}
    recorded = {path.parent for path in folder.glob("*/seed-*/*.json*")}
    for run in sorted(planned | recorded):
        if not (run / "manifest.json").is_file():
            raise ResultsError(
                f"{run} is gone, or its manifest.json is: put it back from a copy, or begin anew "
                "with another --out."
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
