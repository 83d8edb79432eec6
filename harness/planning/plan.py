"""The matched plan: one contract, arms × seeds, checked and written down before anything runs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from srpo_bench import __version__
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.hints import unknown_setting
from srpo_bench.harness.models.weights import parameters
from srpo_bench.harness.planning.arms import arm_record, refuse_unheld
from srpo_bench.harness.planning.comparison import LOCK, PlannedComparison
from srpo_bench.harness.planning.contract import contract_of, refuse_other
from srpo_bench.harness.planning.extend import first_seeds, holds
from srpo_bench.harness.planning.prepare import Prepared, prepare
from srpo_bench.harness.planning.reading import read_comparison, read_planned
from srpo_bench.harness.planning.writing import digests, refuse, refuse_changed, refuse_place, write
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.problems.load import Problems, contents, load_problems
from srpo_bench.harness.rollouts.prompts import fit
from srpo_bench.results.baseline import baseline_of
from srpo_bench.results.schema import SCHEMA


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
    refuse_unheld(config, arms)
    _refuse_unknown_sizes(config)
    now = datetime.datetime.now(datetime.UTC)
    before = read_comparison(folder) if (folder / "comparison.json").exists() else None
    if before is None and not (folder / LOCK).exists():  # before minutes are spent on the model
        refuse_place(folder)
    seeds = config.seeds
    if before and holds(before, seeds):  # the contract's digests are of the first seeds
        config = config.model_copy(update={"seeds": tuple(first_seeds(before))})
    ready = prepare(config.on(_day(before) if before else now.date()), _methods(arms))
    pools = _pools(ready, seeds)
    comparison = PlannedComparison(
        folder=folder,
        config=ready.config.model_copy(update={"seeds": seeds}),
        arms=arms,
        base=ready.base,
        device=ready.device,
        parameters=parameters(ready.base),
        plugins=entered.used(config, arms),
        accelerator=ready.accelerator,
        notes=ready.problems.notes,
    )
    record = _record(comparison, ready, pools) | {
        "created": now.isoformat(timespec="seconds"),
        "command": command,
        "checked": list(checked),
    }
    if tuning is not None:
        record["tuning"] = tuning
    if dry:
        refuse(folder, record)
    else:
        write(comparison, record)
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
        "contract": contract_of(ready) | digests(comparison.plugins),
        "plugins": [plugin.model_dump(mode="json") for plugin in comparison.plugins],
        "checked": [],
        "pools": pools,
        "notes": problems.notes,
        "excluded": problems.excluded,
        "data": problems.provenance,
        "problems": _ids(problems),
        "contents": {
            "evaluation": contents(problems.evaluation),
            "final": contents(problems.final),
        },
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
    here = {**record, "contract": contract_of(ready) | digests(planned.plugins)}
    go_on = "resume it where these are as they were, or "
    refuse_other(record, here, folder, "was planned with other things", go_on)
    refuse_changed(planned)
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


def _methods(arms: list[Arm]) -> set[str]:
    return {name for arm in arms for name in (arm.algorithm, arm.sampler) if name}


def _pools(ready: Prepared, seeds: Sequence[int]) -> dict[str, str]:
    """Digest of every seed's pool, also of seeds that are added to those that were looked up."""
    late = tuple(seed for seed in seeds if seed not in ready.problems.pools)
    problems = [ready.problems]
    if late:
        config = ready.config.model_copy(update={"seeds": late})
        problems.append(fit(config, load_problems(config, ready.base), ready.base)[0])
    return {str(s): p.seed_digest(s) for s in seeds for p in problems if s in p.pools}
