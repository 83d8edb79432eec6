"""The contract: every field that must be equal for two runs to be matched."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.machine import versions
from srpo_bench.harness.planning.prepare import Prepared
from srpo_bench.harness.problems.load import training_limit


def contract_of(ready: Prepared) -> dict[str, Any]:
    """Flat: every field that must be equal for two runs to be matched."""
    config, problems = ready.config, ready.problems
    c: dict[str, Any] = {
        "base_sha256": ready.base_sha256,
        "pool_digest": problems.pool_digest,
        "pool_size": len(problems.pool),
        "evaluation_digest": problems.evaluation_digest,
        "steps": config.steps,
        "threads": config.threads,
        "eval_every": config.evaluation.every,
        "responses_per_step": config.rollout.prompts_per_step * config.rollout.group_size,
        "prompts_per_step": config.rollout.prompts_per_step,
        "max_new_tokens": training_limit(config, problems),
        "device": ready.device,
        "isolation": ready.isolation,
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
    c |= {f"version.{name}": version for name, version in (versions() | ready.engine).items()}
    return c


def refuse_other(
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
