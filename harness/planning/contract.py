"""The contract: every field that must be equal for two runs to be matched."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from srpo_bench.harness.code import code_digest
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.layers import flat
from srpo_bench.harness.machine import instructions, versions
from srpo_bench.harness.planning.prepare import Prepared
from srpo_bench.harness.problems.load import training_limit

LEFT_OUT = {
    "seeds": "runs are paired by it",
    "checkpoint_every": "a resumed run goes on to the same bits",
    "keep_checkpoints": "nothing that is computed",
    "samples_every": "what is written down, not what is computed",
    "targets": "compared in the record; no run knows them",
    "sinks": "they do a run no harm",
    "model.path": "base_sha256 says which weights these are",
    "model.revision": "base_sha256",
    "model.device": "device and accelerator say what was found",
    "data.data_dir": "the digests say what was read",
    "data.pool_size": "pool_size and pool_digest say what was chosen",
    "data.date": "prompts_digest says what a template made of it",
}
"""Settings that are no part of the contract, and why. Every other one is."""


def contract_of(ready: Prepared) -> dict[str, Any]:
    """Flat: every field that must be equal for two runs to be matched."""
    config, problems = ready.config, ready.problems
    c: dict[str, Any] = {
        "base_sha256": ready.base_sha256,
        "pool_digest": problems.pool_digest,
        "pool_size": problems.pool_size,
        "evaluation_digest": problems.evaluation_digest,
        "code_sha256": code_digest(),
        "prompts_digest": ready.prompts_digest,
        "eval_every": config.evaluation.every,
        "responses_per_step": config.rollout.prompts_per_step * config.rollout.group_size,
        "prompts_per_step": config.rollout.prompts_per_step,
        "max_new_tokens": training_limit(config, problems),
        "device": ready.device,
        "accelerator": ready.accelerator,
        "instructions": instructions(),
        "isolation": ready.isolation,
        "python": platform.python_version(),
    }
    if problems.final:
        c["final_digest"] = problems.final_digest
    settings = flat(config.model_dump(mode="json"))
    c |= {
        path: value
        for path, value in settings.items()
        if path not in LEFT_OUT and (problems.final or not path.startswith("final."))
    }
    packages = versions() | ready.versions
    return c | {f"version.{name}": version for name, version in packages.items()}


def refuse_other(
    old: dict[str, Any],
    new: dict[str, Any],
    folder: Path,
    fault: str = "holds another comparison",
    do: str = "",
) -> None:
    """Refuse a folder that holds another comparison, naming what differs, and what to ``do``."""
    if "prompts_digest" not in old["contract"]:
        raise UserError(
            f"{folder} was planned by an earlier srpo-bench, whose contract does not hold every "
            "prompt: finish it with that one, or start anew with another --out."
        )
    differing = [k for k in ("arms", "seeds") if old[k] != new[k]]
    were, are = flat(old["config"]), flat(new["config"])
    differing += [k for k in {**are, **were} if k != "seeds" and were.get(k) != are.get(k)]
    # A field that the old contract does not know came later; what is set there, its setting tells.
    differing += [k for k, v in new["contract"].items() if old["contract"].get(k, v) != v]
    differing = list(dict.fromkeys(differing))
    names = [{arm["arm"] for arm in plan["arms"]} for plan in (old, new)]
    if not (names[0] <= names[1] and set(old["seeds"]) <= set(new["seeds"])):
        do = "to add to it, name all of its arms and seeds and what is new; or "
    if differing:
        raise UserError(
            f"{folder} {fault} (different: {', '.join(differing[:5])}); {do}"
            "start anew with another --out."
        )
