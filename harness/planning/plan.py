"""The matched plan: one contract, arms × seeds, written down before anything runs."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from srpo_bench import __version__
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.hints import unknown_setting
from srpo_bench.harness.machine import refuse_unwritable
from srpo_bench.harness.models.weights import parameters
from srpo_bench.harness.planning.arms import arm_record, refuse_uncorrected
from srpo_bench.harness.planning.comparison import LOCK, PlannedComparison, locked
from srpo_bench.harness.planning.contract import contract_of, refuse_other
from srpo_bench.harness.planning.extend import extended, first_seeds, holds, narrowed
from srpo_bench.harness.planning.manifest import manifest_of
from srpo_bench.harness.planning.prepare import Prepared, prepare
from srpo_bench.harness.planning.reading import read_comparison, read_planned
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.plugins.entered import FilePlugin
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.rollouts.prompts import fit
from srpo_bench.results.baseline import baseline_of
from srpo_bench.results.schema import SCHEMA
from srpo_bench.results.seal import SEAL, check_seal, seal
from srpo_bench.results.store import FINAL, ResultsError, read_record, write_json

_IN_MANIFEST = {"settings": "algorithm_settings"}
"""What a plan's arm says under another name in its runs' manifests."""


def plan(
    folder: Path,
    config: Config,
    arms: list[Arm],
    command: str,
    tuning: dict[str, Any] | None = None,
    checked: Sequence[Mapping[str, Any]] = (),
    *,
    dry: bool = False,
) -> PlannedComparison:
    """Check everything a run needs, then write the comparison and its runs' manifests.

    Where the folder already holds the same comparison, nothing is written and what is missing can
    be finished; where it holds a part of this one, the other seeds and arms are added; where it
    holds another one, that is the user's error. ``tuning`` is the record of how the settings were
    found, ``checked`` which promises of plug-ins were tried; nothing depends on either. ``dry``:
    what would be refused is, and nothing is written.
    """
    refuse_uncorrected(config, arms)
    _refuse_unknown_sizes(config)
    now = datetime.datetime.now(datetime.UTC)
    before = read_comparison(folder) if (folder / "comparison.json").exists() else None
    if before is None and not (folder / LOCK).exists():  # before minutes are spent on the model
        _refuse_place(folder)
    seeds = config.seeds
    if before and holds(before, seeds):  # the contract's digests are of the first seeds
        config = config.model_copy(update={"seeds": tuple(first_seeds(before))})
    ready = prepare(config.on(_day(before) if before else now.date()), _methods(arms))
    pools = _pools(ready, seeds)
    comparison = PlannedComparison(
        folder,
        ready.config.model_copy(update={"seeds": seeds}),
        arms,
        ready.base,
        ready.device,
        parameters(ready.base),
        entered.used(config, arms),
        ready.accelerator,
        ready.problems.notes,
    )
    record = _record(comparison, ready, pools) | {
        "created": now.isoformat(timespec="seconds"),
        "command": command,
        "checked": list(checked),
    }
    if tuning is not None:
        record["tuning"] = tuning
    if dry:
        _refuse(folder, record)
    else:
        _write(comparison, record)
    return comparison


def _record(
    comparison: PlannedComparison, ready: Prepared, pools: dict[str, str]
) -> dict[str, Any]:
    """The content of comparison.json; when and by which command is left to be filled in."""
    config, arms, problems = comparison.config, comparison.arms, ready.problems
    return {
        "schema": SCHEMA,
        "name": comparison.folder.name,
        "created": "",
        "command": "",
        "bench_version": __version__,
        "arms": [arm_record(arm) for arm in arms],
        "seeds": list(config.seeds),
        "targets": list(config.targets),
        "unit": "rollout batch",
        "baseline": baseline_of({a.name: a.algorithm for a in arms}),
        "tasks": list(config.data.tasks),
        "eval_tasks": list(config.evaluation_tasks),
        "final_tasks": list(config.final.tasks),
        "contract": contract_of(ready) | _digests(comparison.plugins),
        "plugins": [plugin.model_dump(mode="json") for plugin in comparison.plugins],
        "checked": [],
        "pools": pools,
        "notes": problems.notes,
        "excluded": problems.excluded,
        "data": problems.provenance,
        "problems": _ids(problems),
        "config": config.model_dump(mode="json"),
        "base": str(comparison.base),
        "parameters": comparison.parameters,
    }


def reopen(folder: Path) -> PlannedComparison:
    """A comparison that was planned before, and can go on here."""
    planned, record = read_planned(folder), read_comparison(folder)
    entered.enter_kept(planned.plugins, folder)
    first = planned.config.model_copy(update={"seeds": tuple(first_seeds(record))})
    ready = prepare(first.on(_day(record)), _methods(planned.arms))
    here = {**record, "contract": contract_of(ready) | _digests(planned.plugins)}
    go_on = "resume it where these are as they were, or "
    refuse_other(record, here, folder, "was planned with other things", go_on)
    _refuse_changed(planned)
    return replace(planned, base=ready.base)


def _refuse_unknown_sizes(config: Config) -> None:
    """A number of problems for a task that is not scored would silently count for nothing."""
    for section, scored in (("evaluation", config.evaluation_tasks), ("final", config.final.tasks)):
        sizes = getattr(config, section).problems
        for name in sizes if scored and isinstance(sizes, dict) else ():
            if name not in scored:
                settings = [f"{section}.problems.{task}" for task in scored]
                raise unknown_setting(f"{section}.problems.{name}", settings)


def _ids(problems: Problems) -> dict[str, dict[str, list[str]]]:
    """Ids of the scored problems, in the order of an evaluation's counts."""
    sets = {"evaluation": problems.evaluation, "final": problems.final}
    return {
        name: {task: [p.id for p in group] for task, group in by_task.items()}
        for name, by_task in sets.items()
    }


def _day(record: dict[str, Any]) -> datetime.date:
    """When a comparison was planned."""
    return datetime.date.fromisoformat(record["created"][:10])


def _digests(plugins: Sequence[FilePlugin]) -> dict[str, str]:
    """What the contract says of files: two that differ are two methods of one name."""
    return {f"{plugin.kind}.{plugin.name}": plugin.sha256 for plugin in plugins}


def _with_files(record: dict[str, Any]) -> dict[str, Any]:
    """A record whose contract knows the files of arms that were added later, too."""
    plugins = [FilePlugin.model_validate(p) for p in record.get("plugins", [])]
    return {**record, "contract": record["contract"] | _digests(plugins)}


def _methods(arms: list[Arm]) -> set[str]:
    return {name for arm in arms for name in (arm.algorithm, arm.sampler) if name}


def _write(comparison: PlannedComparison, record: dict[str, Any]) -> None:
    """Write the comparison, or find it written; whoever else plans here has to wait."""
    folder = comparison.folder
    created = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not {LOCK, "comparison.json"} & {path.name for path in folder.iterdir()}:
            _refuse_full(folder)
        with locked(folder):
            _refuse(folder, record)
            if (folder / "comparison.json").exists():
                _extend(comparison, read_comparison(folder), record)
                _refuse_changed(comparison)
            else:
                _write_alone(comparison, record, created)
    except OSError as error:
        raise UserError(f"Cannot write to {folder}: {error.strerror}.") from error


def _write_alone(comparison: PlannedComparison, record: dict[str, Any], created: bool) -> None:
    folder = comparison.folder
    try:
        for run in comparison.runs:
            run.folder.mkdir(parents=True)
            write_json(run.folder / "manifest.json", manifest_of(comparison, run, record))
        entered.keep(comparison.plugins, folder)
        write_json(folder / "comparison.json", record)  # last: its presence means all is there
        seal(folder, ["comparison.json"])
    except BaseException:  # Ctrl-C too
        for arm in comparison.arms:  # the folder was empty, and is locked: these are ours
            shutil.rmtree(folder / arm.name, ignore_errors=True)
        shutil.rmtree(folder / entered.FOLDER, ignore_errors=True)
        for name in ("comparison.json", SEAL, LOCK):
            (folder / name).unlink(missing_ok=True)
        if created:
            folder.rmdir()
        raise


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


def _pools(ready: Prepared, seeds: Sequence[int]) -> dict[str, str]:
    """Digest of every seed's pool, also of seeds that are added to those that were looked up."""
    late = tuple(seed for seed in seeds if seed not in ready.problems.pools)
    problems = [ready.problems]
    if late:
        config = ready.config.model_copy(update={"seeds": late})
        problems.append(fit(config, load_problems(config), ready.base)[0])
    return {str(s): p.seed_digest(s) for s in seeds for p in problems if s in p.pools}


def _refuse(folder: Path, record: dict[str, Any]) -> None:
    """Refuse a folder that holds another comparison, or other things."""
    if (folder / "comparison.json").exists():
        old = read_comparison(folder)
        refuse_other(_with_files(old), narrowed(record, old), folder)
    else:
        _refuse_place(folder)


def _refuse_place(folder: Path) -> None:
    """Refuse a folder that holds other things, or that could not be made."""
    if folder.exists():
        _refuse_full(folder)
    else:
        refuse_unwritable(folder)


def _refuse_full(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; choose another --out.")
    if any(path.name != LOCK for path in folder.iterdir()):
        raise UserError(f"{folder} is not empty and holds no comparison; choose another --out.")


def _refuse_changed(comparison: PlannedComparison) -> None:
    """A planned run has its folder and its settings from the start; whoever removed or changed
    them did so to its records."""
    config = comparison.config.model_dump(mode="json", exclude={"seeds"})  # some came later
    for run in comparison.runs:
        path = run.folder / "manifest.json"
        if not path.is_file():
            raise UserError(
                f"{run.folder} is gone, or its manifest.json is: put it back, or start anew with "
                "another --out."
            )
        try:
            besides = ["samples.jsonl"]  # large, and nothing goes on from it
            if not (run.folder / FINAL).exists():
                besides.append(FINAL)  # it is scored anew
            check_seal(run.folder, besides)
            manifest = read_record(path)
        except ResultsError as error:
            raise UserError(str(error)) from error
        wanted = arm_record(run.arm) | {"seed": run.seed}
        same = all(manifest.get(_IN_MANIFEST.get(name, name)) == wanted[name] for name in wanted)
        settings = layers.parse(Config, manifest.get("settings", {}), str(path))
        if not same or settings.model_dump(mode="json", exclude={"seeds"}) != config:
            raise UserError(
                f"{path} is not as it was planned: put it back, or start anew with another --out."
            )
