"""What a run finds is what it was planned with, wherever it was started: else it refuses.

Every executor starts the same unit, so every run of every executor passes here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srpo_bench.harness.code import code_digest
from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.choose import engine_version
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.machine import device_name, instructions, plugin_versions, versions
from srpo_bench.harness.models.resolve import digest, resolve
from srpo_bench.harness.problems.isolation import mode_for
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.rollouts.prompts import fit


def base_as_planned(config: Config, manifest: dict[str, Any]) -> Path:
    """The base model's folder, where it was planned or, on another machine, where it is here.

    Raises:
        RunError: its files differ.
    """
    base = Path(manifest["base"]["path"])
    if not base.is_dir():
        base = resolve(config.model)
    if digest(base) != manifest["contract"]["base_sha256"]:
        raise RunError(f"{base} is not the base model this comparison was planned with.")
    return base


def problems_as_planned(config: Config, base: Path, manifest: dict[str, Any]) -> Problems:
    """The problems, proved to be those of the contract, on a machine like the planner's.

    Raises:
        RunError: they differ, are asked differently, or the machine, its packages or the code
            that trains differ.
    """
    contract, seed = manifest["contract"], manifest["seed"]
    _refuse_other_machine(config, manifest)
    problems, prompts = fit(config, load_problems(config, base), base)
    isolation = mode_for(problems.tasks.values())
    if isolation != contract.get("isolation", isolation):
        raise RunError(
            f"This machine runs model output in mode {isolation} and the comparison was planned "
            f"with {contract['isolation']}: resume it on a machine that has that (bench doctor)."
        )
    digests = {"pool": problems.pool_digest, "evaluation": problems.evaluation_digest}
    if problems.final:
        digests["final"] = problems.final_digest
    if any(digest != contract[f"{name}_digest"] for name, digest in digests.items()):
        raise RunError("The problems on disk are not those this comparison was planned with.")
    if prompts != contract["prompts_digest"]:
        raise RunError("The problems are not rendered and encoded as when this was planned.")
    if seed not in problems.pools:  # it was added later; the digests are of the first seeds
        own = config.model_copy(update={"seeds": (seed,)})
        problems, _ = fit(own, load_problems(own, base), base)
        if problems.seed_digest(seed) != contract["pool_digest_seed"]:
            raise RunError("The problems on disk are not those this seed was planned with.")
    return problems


def _refuse_other_machine(config: Config, manifest: dict[str, Any]) -> None:
    """Processor, accelerator, code and packages, all of which decide a run's bits."""
    contract = manifest["contract"]
    here = {"instructions": instructions(), "accelerator": device_name(contract["device"])}
    for name, value in here.items():
        if value != contract[name]:
            raise RunError(
                f"This machine computes on {value} and the comparison was planned on "
                f"{contract[name]}, which gives other bits: resume it on such a machine."
            )
    code = code_digest()
    if code != contract.get("code_sha256", code):  # plans before it do not say
        raise RunError(
            "The code here is not the code this comparison was planned with (code_sha256 differs): "
            "install that one, then bench resume."
        )
    methods = {name for name in (manifest["algorithm"], manifest["sampler"]) if name}
    packages = versions() | engine_version(config) | plugin_versions(config.all_tasks, methods)
    for name, version in packages.items():
        planned_with = contract.get(f"version.{name}", version)
        if version != planned_with:
            raise RunError(
                f"This machine has {name} {version} and the comparison was planned with "
                f"{planned_with}: install that one here, then bench resume."
            )
