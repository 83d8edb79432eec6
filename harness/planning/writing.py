"""A plan on disk: written whole, added to, or refused where the folder holds something else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.machine import refuse_unwritable
from srpo_bench.harness.planning.arms import arm_record
from srpo_bench.harness.planning.comparison import LOCK, PlannedComparison, locked
from srpo_bench.harness.planning.contract import refuse_other
from srpo_bench.harness.planning.extend import extended, narrowed
from srpo_bench.harness.planning.manifest import manifest_of
from srpo_bench.harness.planning.reading import read_comparison
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.plugins.entered import FilePlugin
from srpo_bench.results.seal import SEAL, check_seal, seal
from srpo_bench.results.store import FINAL, ResultsError, read_record, write_json

_IN_MANIFEST = {"settings": "algorithm_settings"}
"""What a plan's arm says under another name in its runs' manifests."""
_PLANNING = ".planning"
"""Stands in an empty folder before anything of a plan does, and until all does: what is there
beside it, a planning that was killed has left."""


def write(comparison: PlannedComparison, record: dict[str, Any]) -> None:
    """Write the comparison, or find it written; whoever else plans here has to wait."""
    folder = comparison.folder
    created = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not {LOCK, "comparison.json"} & {path.name for path in folder.iterdir()}:
            _refuse_full(folder)
        with locked(folder):
            if (folder / _PLANNING).exists():
                _settle(comparison)
            refuse(folder, record)
            if (folder / "comparison.json").exists():
                _extend(comparison, read_comparison(folder), record)
                refuse_changed(comparison)
            else:
                _write_new(comparison, record, created)
    except OSError as error:
        raise UserError(f"Cannot write to {folder}: {error.strerror}.") from error


def refuse(folder: Path, record: dict[str, Any]) -> None:
    """Refuse a folder that holds another comparison, or other things."""
    if (folder / "comparison.json").exists():
        old = read_comparison(folder)
        refuse_other(_with_files(old), narrowed(record, old), folder)
    else:
        refuse_place(folder)


def refuse_place(folder: Path) -> None:
    """Refuse a folder that holds other things, or that could not be made."""
    if folder.exists():
        _refuse_full(folder)
    else:
        refuse_unwritable(folder)


def refuse_changed(comparison: PlannedComparison) -> None:
    """A planned run has its settings from the start; whoever changed them did so to its records.
    That its folder is there, ``read_comparison`` has seen."""
    config = comparison.config.model_dump(mode="json", exclude={"seeds"})  # some came later
    for run in comparison.runs:
        path = run.folder / "manifest.json"
        besides = ["samples.jsonl"]  # large, and nothing goes on from it
        if not (run.folder / FINAL).exists():
            besides.append(FINAL)  # it is scored anew
        with as_user_error(ResultsError):
            check_seal(run.folder, besides)
            manifest = read_record(path)
        wanted: dict[str, Any] = {"optim": None, **arm_record(run.arm), "seed": run.seed}
        same = all(manifest.get(_IN_MANIFEST.get(name, name)) == wanted[name] for name in wanted)
        settings = layers.parse(Config, manifest.get("settings", {}), str(path))
        if not same or settings.model_dump(mode="json", exclude={"seeds"}) != config:
            raise UserError(
                f"{path} is not as it was planned: put it back, or start anew with another --out."
            )


def digests(plugins: Sequence[FilePlugin]) -> dict[str, str]:
    """What the contract says of files: two that differ are two methods of one name."""
    return {f"{plugin.kind}.{plugin.name}": plugin.sha256 for plugin in plugins}


def _refuse_full(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; choose another --out.")
    names = {path.name for path in folder.iterdir()} - {LOCK}
    if names and _PLANNING not in names:
        raise UserError(f"{folder} is not empty and holds no comparison; choose another --out.")


def _write_new(comparison: PlannedComparison, record: dict[str, Any], created: bool) -> None:
    folder = comparison.folder
    try:
        (folder / _PLANNING).touch()
        for run in comparison.runs:
            run.folder.mkdir(parents=True)
            write_json(run.folder / "manifest.json", manifest_of(comparison, run, record))
        entered.keep(comparison.plugins, folder)
        write_json(folder / "comparison.json", record)  # last: its presence means all is there
        seal(folder, ["comparison.json"])
        (folder / _PLANNING).unlink()
    except BaseException:  # Ctrl-C too
        _clear(comparison)
        (folder / LOCK).unlink(missing_ok=True)
        if created:
            folder.rmdir()
        raise


def _settle(comparison: PlannedComparison) -> None:
    """What a planning that was killed has left is all there if its record is, else removed."""
    folder = comparison.folder
    if (folder / "comparison.json").exists():
        seal(folder, ["comparison.json"])
        (folder / _PLANNING).unlink()
    else:
        _clear(comparison)


def _clear(comparison: PlannedComparison) -> None:
    """Remove what was written of a plan: the folder was empty, and is locked, so these are ours."""
    folder = comparison.folder
    for name in (*(arm.name for arm in comparison.arms), entered.FOLDER):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("comparison.json", ".comparison.json.tmp", SEAL, f".{SEAL}.tmp", _PLANNING):
        (folder / name).unlink(missing_ok=True)


def _extend(comparison: PlannedComparison, old: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Add the seeds and arms that are new; the record comes last, as when all was new."""
    folder = comparison.folder
    record = extended(folder, old, wanted)
    if record is None:
        return
    arms = {arm["arm"] for arm in old["arms"]}
    new = [r for r in comparison.runs if r.arm.name not in arms or r.seed not in old["seeds"]]
    try:
        for run in new:
            run.folder.mkdir(parents=True, exist_ok=True)
            write_json(run.folder / "manifest.json", manifest_of(comparison, run, record))
        entered.keep(comparison.plugins, folder)
    except BaseException:
        for run in new:
            shutil.rmtree(run.folder, ignore_errors=True)
        raise
    (folder / SEAL).unlink(missing_ok=True)  # it is of the old record
    write_json(folder / "comparison.json", record)
    seal(folder, ["comparison.json"])


def _with_files(record: dict[str, Any]) -> dict[str, Any]:
    """A record whose contract knows the files of arms that were added later, too."""
    plugins = [FilePlugin.model_validate(p) for p in record.get("plugins", [])]
    return {**record, "contract": record["contract"] | digests(plugins)}
