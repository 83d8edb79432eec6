"""Arms from what was typed."""

from __future__ import annotations

from typing import Any

from srpo_bench.algorithms.registry import AlgorithmError, algorithm_names
from srpo_bench.algorithms.registry import get as get_algorithm
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError, unknown


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
        arm = layers.parse(
            Arm,
            {
                "name": label or algorithm,
                "algorithm": algorithm,
                "settings": layers.merge(settings.get(algorithm, {}), settings.get(label, {})),
            },
            "--algos",
        )
        try:
            kind = get_algorithm(arm.algorithm)
        except AlgorithmError as error:
            raise UserError(str(error)) from error
        layers.parse(kind.Settings, arm.settings, f"algorithm '{arm.algorithm}'")
        arms.append(arm)
    labels = [arm.name for arm in arms]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise UserError(
            f"Arm '{min(twice)}' stands twice; give one a label, e.g. again={min(twice)}."
        )
    return arms


def refuse_uncorrected(config: Config, arms: list[Arm]) -> None:
    """Refuse a setting that a method would silently leave out of its loss."""
    without = [a.name for a in arms if not get_algorithm(a.algorithm).corrects]
    if config.rollout.correction != "none" and without:
        raise UserError(
            f"Arm '{without[0]}' has a loss that applies no importance correction, so "
            f"rollout.correction={config.rollout.correction} would not hold for it; leave it out "
            "or set rollout.correction=none."
        )


def arm_record(arm: Arm) -> dict[str, Any]:
    """An arm as comparison.json has it, with every setting."""
    settings = get_algorithm(arm.algorithm).Settings.model_validate(arm.settings)
    return {
        "arm": arm.name,
        "algorithm": arm.algorithm,
        "settings": settings.model_dump(mode="json"),
    }
