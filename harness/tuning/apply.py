"""A tuning in use: what it chose, whether a comparison may use it, and what is kept of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, as_user_error
from srpo_bench.harness.planning.arms import read_arm
from srpo_bench.harness.tuning.search import FILE
from srpo_bench.results.store import ResultsError, read_record


def read_tuned(folder: Path) -> dict[str, Any]:
    """A finished tuning's record.

    Raises:
        UserError: none there, or not finished.
    """
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{folder} holds no tuning: it has no {FILE}.")
    with as_user_error(ResultsError):
        record = read_record(path)
    if not record["chosen"]:
        raise UserError(f"The tuning in {folder} is not finished; go on with: {record['command']}")
    return record


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a tuning chose, as a layer of settings."""
    chosen = record["chosen"]
    return layers.merge(layers.deep(chosen["shared"]), {"algorithms": chosen["algorithms"]})


def used(record: Mapping[str, Any], settings: Config, arms: Sequence[Arm]) -> dict[str, Any]:
    """What a comparison keeps of the tuning it uses, and in what the two differ otherwise.

    Raises:
        UserError: a seed was tuned on, or a tuned setting has another value now.
    """
    overlap = sorted(set(record["seeds"]) & set(settings.seeds))
    if overlap:
        raise UserError(
            f"Seed {overlap[0]} was tuned on, and what was tuned on a seed does better on it; name "
            "others with --seeds."
        )
    here, old = layers.flat(settings.model_dump(mode="json")), record["settings"]
    chosen = record["chosen"]
    changed = [p for p, value in chosen["shared"].items() if here[p] != value]
    for arm in arms:
        own = layers.merge(*(chosen["algorithms"].get(name, {}) for name in _names(arm)))
        optim = arm.optim.model_dump(exclude_none=True)
        own_now = {**arm.settings, **arm.sampler_settings, **({"optim": optim} if optim else {})}
        if layers.merge(own_now, own) != own_now:
            changed.append(f"of {arm.name}")
    if changed:
        raise UserError(
            f"Settings that --tuned chose have another value here ({', '.join(changed)}); leave "
            "out one of the two."
        )
    compared = here.keys() - chosen["shared"].keys() - {"seeds", "threads", "sinks"}
    return {
        **{k: v for k, v in record.items() if k != "settings"},
        "untuned": [arm.name for arm in arms if not _is_tuned(arm, record["budget"])],
        "differs": {k: [old.get(k), here[k]] for k in sorted(compared) if old.get(k) != here[k]},
    }


def _names(arm: Arm) -> list[str]:
    """What settings of an arm may stand under, the nearest last."""
    return [arm.algorithm, str(arm.sampler), f"{arm.algorithm}+{arm.sampler}"]


def _is_tuned(arm: Arm, budget: Collection[str]) -> bool:
    """Whether one of the methods that were tuned is this arm's; with another sampler it is not."""
    typed = (read_arm(name) for name in _names(arm) if name in budget)
    return any((t.algorithm, t.sampler) == (arm.algorithm, arm.sampler) for t in typed)
