"""The matched plan: one contract, arms × seeds, written down before anything runs."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from srpo_bench.algorithms.registry import AlgorithmError, algorithm_names
from srpo_bench.algorithms.registry import get as get_algorithm
from srpo_bench.harness import config as cfg
from srpo_bench.harness.asking import askable
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.data import (
    Problems,
    all_tasks,
    evaluation_tasks,
    load_problems,
    training_limit,
)
from srpo_bench.harness.engines.choose import engine_version
from srpo_bench.harness.errors import UserError, unknown
from srpo_bench.harness.models import check, resolve
from srpo_bench.harness.policy import digest, pick_device
from srpo_bench.harness.sinks.choose import check_sinks
from srpo_bench.results.store import SCHEMA, read_json, write_json

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "math-verify", "srpo-bench")


@dataclass(frozen=True)
class Job:
    """One run to be done."""

    folder: Path
    arm: Arm
    seed: int


@dataclass
class Comparison:
    """A planned comparison and where it lives."""

    folder: Path
    config: Config
    arms: list[Arm]
    base: Path

    @property
    def jobs(self) -> list[Job]:
        """Seed by seed, so that pairs become complete together."""
        return [
            Job(self.folder / arm.name / f"seed-{seed}", arm, seed)
            for seed in self.config.seeds
            for arm in self.arms
        ]


def parse_arms(names: list[str], settings: dict[str, dict[str, Any]]) -> list[Arm]:
    """Arms from ``grpo`` or ``label=grpo`` and per-arm settings, validated by the algorithms.

    Raises:
        UserError: an unknown algorithm or setting, or a label that stands twice.
    """
    arms: list[Arm] = []
    for key, values in settings.items():
        if not isinstance(values, dict):
            raise UserError(f"'{key}' takes settings, as in {key}.name=value, not '{values}'.")
        labels = [part for name in names for part in name.split("=")]
        if key not in (known := [*labels, *algorithm_names()]):
            raise unknown("arm", key, known)
    for name in names:
        label, _, algorithm = name.rpartition("=")
        arm = cfg.parse(
            Arm,
            {
                "name": label or algorithm,
                "algorithm": algorithm,
                "settings": cfg.merge(settings.get(algorithm, {}), settings.get(label, {})),
            },
            "--algos",
        )
        try:
            kind = get_algorithm(arm.algorithm)
        except AlgorithmError as error:
            raise UserError(str(error)) from error
        cfg.parse(kind.Settings, arm.settings, f"algorithm '{arm.algorithm}'")
        arms.append(arm)
    labels = [arm.name for arm in arms]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise UserError(
            f"Arm '{min(twice)}' stands twice; give one a label, e.g. again={min(twice)}."
        )
    return arms


def plan(
    folder: Path,
    config: Config,
    arms: list[Arm],
    command: str,
    tuning: dict[str, Any] | None = None,
) -> Comparison:
    """Check everything a run needs, then write the comparison and its runs' manifests.

    Where the folder already holds the same comparison, nothing is written and what is missing can
    be finished; where it holds another one, that is the user's error. ``tuning`` is the record of
    how the settings were found; nothing depends on it.
    """
    pick_device(config.model.device)
    engine_version(config)
    check_sinks(config.sinks)
    config = _absolute(config)
    base = resolve(config.model)
    check(base)
    _correctable(config, arms)
    config, left_out = _without_unsafe(config)
    problems = load_problems(config)
    problems.notes += left_out
    askable(config, problems, base)
    contract = _contract(config, base, problems)
    record = {
        "schema": SCHEMA,
        "name": folder.name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "bench_version": metadata.version("srpo-bench"),
        "arms": [_arm_record(arm) for arm in arms],
        "seeds": list(config.seeds),
        "targets": list(config.targets),
        "baseline": next((a.name for a in arms if a.algorithm == "grpo"), arms[0].name),
        "tasks": list(config.data.tasks),
        "eval_tasks": list(evaluation_tasks(config)),
        "final_tasks": list(config.final.tasks),
        "contract": contract,
        "notes": problems.notes,
        "excluded": problems.excluded,
        "data": problems.provenance,
        "config": config.model_dump(mode="json"),
        "base": str(base),
    }
    if tuning is not None:
        record["tuning"] = tuning
    comparison = Comparison(folder, config, arms, base)
    if (folder / "comparison.json").exists():
        _same(_read(folder), record, folder)
        return comparison
    _write(comparison, record)
    return comparison


def reopen(folder: Path) -> Comparison:
    """A comparison that was planned before."""
    path = folder / "comparison.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no comparison: it has no comparison.json.")
    record = _read(folder)
    config = cfg.parse(Config, record["config"], str(path))
    arms = [
        Arm(name=a["arm"], algorithm=a["algorithm"], settings=a["settings"]) for a in record["arms"]
    ]
    pick_device(config.model.device)
    check_sinks(config.sinks)
    base = resolve(config.model)
    contract = _contract(config, base, load_problems(config))
    _same(record, {**record, "contract": contract}, folder, "was planned with other things")
    return Comparison(folder, config, arms, base)


def _read(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = read_json(folder / "comparison.json")
    except ValueError as error:
        raise UserError(f"{folder / 'comparison.json'} is damaged: {error}.") from error
    if "config" not in record:
        raise UserError(f"{folder} was imported, so there is nothing to train in it.")
    planned = cfg.parse(Config, record["config"], str(folder / "comparison.json"))
    record["config"] = planned.model_dump(mode="json")  # a setting that came later has its default
    return record


def _absolute(config: Config) -> Config:
    """Paths as they are from anywhere, so that a comparison can be resumed from anywhere."""
    model, data = config.model, config.data
    if Path(model.path).expanduser().exists() and model.path != "micro":
        model = model.model_copy(update={"path": str(Path(model.path).expanduser().resolve())})
    if data.data_dir is not None:
        data = data.model_copy(update={"data_dir": data.data_dir.expanduser().resolve()})
    return config.model_copy(update={"model": model, "data": data})


def _contract(config: Config, base: Path, problems: Problems) -> dict[str, Any]:
    """Flat: every field that must be equal for two runs to be matched."""
    c: dict[str, Any] = {
        "base_sha256": digest(base),
        "pool_digest": problems.pool_digest,
        "pool_size": len(problems.pool),
        "evaluation_digest": problems.evaluation_digest,
        "steps": config.steps,
        "threads": config.threads,
        "eval_every": config.evaluation.every,
        "responses_per_step": config.rollout.prompts_per_step * config.rollout.group_size,
        "prompts_per_step": config.rollout.prompts_per_step,
        "max_new_tokens": training_limit(config, problems),
        "device": pick_device(config.model.device).type,
        "isolation": _isolation(problems),
        "python": platform.python_version(),
    }
    sections = ["rollout", "optim", "reward", "evaluation"]
    if problems.final:
        sections.append("final")
        c["final_digest"] = problems.final_digest
    for section in sections:
        for key, value in getattr(config, section).model_dump(mode="json").items():
            if isinstance(value, dict):
                c |= {f"{section}.{key}.{name}": item for name, item in value.items()}
            else:
                c.setdefault(f"{section}.{key}", value)
    for key in ("tasks", "style", "shots"):
        c[f"data.{key}"] = config.data.model_dump(mode="json")[key]
    c["model.dtype"] = config.model.dtype
    c |= {f"version.{name}": metadata.version(name) for name in PACKAGES}
    c |= {f"version.{name}": version for name, version in engine_version(config).items()}
    return c


def _correctable(config: Config, arms: list[Arm]) -> None:
    """Refuse a setting that a method would silently leave out of its loss."""
    without = [a.name for a in arms if not get_algorithm(a.algorithm).corrects]
    if config.rollout.correction != "none" and without:
        raise UserError(
            f"Arm '{without[0]}' has a loss that applies no importance correction, so "
            f"rollout.correction={config.rollout.correction} would not hold for it; leave it out "
            "or set rollout.correction=none."
        )


def _isolation(problems: Problems) -> str:
    if not any(task.executes_code for task in problems.tasks.values()):
        return "not needed"
    from srpo_bench.tasks.sandbox import isolation

    return isolation().mode


def _without_unsafe(config: Config) -> tuple[Config, list[str]]:
    """Leave out tasks that run model output where no acceptable isolation exists."""
    from srpo_bench.tasks import registry
    from srpo_bench.tasks.base import TaskError
    from srpo_bench.tasks.sandbox import isolation

    try:
        code = {name for name in all_tasks(config) if registry.get(name).executes_code}
    except TaskError as error:
        raise UserError(str(error)) from error
    if not code or isolation().mode != "none":
        return config, []
    train = tuple(t for t in config.data.tasks if t not in code)
    scored = tuple(t for t in evaluation_tasks(config) if t not in code)
    final = tuple(t for t in config.final.tasks if t not in code)
    if not train or not scored:
        raise UserError(
            f"{', '.join(sorted(code))} runs model output, and {isolation().why} "
            "Install bubblewrap, or choose other tasks."
        )
    note = f"Left out, because model output cannot be run safely here: {', '.join(sorted(code))}. "
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"tasks": train}),
            "evaluation": config.evaluation.model_copy(update={"tasks": scored}),
            "final": config.final.model_copy(update={"tasks": final}),
        }
    )
    return config, [note + isolation().why]


def _write(comparison: Comparison, record: dict[str, Any]) -> None:
    folder = comparison.folder
    created = not folder.exists()
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty and holds no comparison; choose another --out.")
        made = [folder / arm.name for arm in comparison.arms]
        for job in comparison.jobs:
            job.folder.mkdir(parents=True)
            write_json(job.folder / "manifest.json", _manifest(comparison, job, record))
        write_json(folder / "comparison.json", record)  # last: its presence means all is there
    except OSError as error:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)
        if created and folder.is_dir():
            folder.rmdir()
        raise UserError(f"Cannot write to {folder}: {error.strerror}.") from error


def _manifest(comparison: Comparison, job: Job, record: dict[str, Any]) -> dict[str, Any]:
    config = comparison.config
    kind = get_algorithm(job.arm.algorithm)
    settings = kind.Settings.model_validate(job.arm.settings)
    return {
        "schema": SCHEMA,
        "arm": job.arm.name,
        "algorithm": job.arm.algorithm,
        "seed": job.seed,
        "settings": record["config"],
        "algorithm_settings": settings.model_dump(mode="json"),
        "contract": record["contract"],
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "host": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
            "torch_threads": config.threads,
            "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
        "notes": record["notes"],
        "data": record["data"],
        "base": {"path": str(comparison.base), "sha256": record["contract"]["base_sha256"]},
    }


def _arm_record(arm: Arm) -> dict[str, Any]:
    settings = get_algorithm(arm.algorithm).Settings.model_validate(arm.settings)
    return {
        "arm": arm.name,
        "algorithm": arm.algorithm,
        "settings": settings.model_dump(mode="json"),
    }


def _same(
    old: dict[str, Any], new: dict[str, Any], folder: Path, what: str = "holds another comparison"
) -> None:
    """Refuse a folder that holds another comparison, naming what differs."""
    differing = [k for k in ("arms", "seeds", "config") if old[k] != new[k]]
    # A field that the old contract does not know came later; what is set there, "config" compares.
    differing += [k for k, v in new["contract"].items() if old["contract"].get(k, v) != v]
    if differing:
        raise UserError(
            f"{folder} {what} (different: {', '.join(differing[:5])}); "
            "start anew with another --out."
        )
