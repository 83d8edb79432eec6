"""Arms from what was typed: ``[label=]algorithm[+sampler]``, and settings of either."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from srpo_bench.algorithms.registry import (
    AlgorithmError,
    algorithm_names,
    sampler_names,
    sampler_of,
    split,
)
from srpo_bench.algorithms.registry import get as get_algorithm
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config, OwnOptim
from srpo_bench.harness.errors import UserError, as_user_error, unknown
from srpo_bench.results.store import NO_ARM

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""A label is one word. An arm without one is called as it was typed: ``+`` and all."""


@dataclass
class Typed:
    """An arm's name, taken apart."""

    label: str
    text: str
    algorithm: str
    sampler: str

    @property
    def name(self) -> str:
        """What it is called in the comparison."""
        return self.label or self.text

    @property
    def keys(self) -> list[str]:
        """What its settings may be found under, the nearest last."""
        return list(dict.fromkeys([self.algorithm, self.sampler, self.text, self.name]))


def read_arm(name: str) -> Typed:
    """Take ``[label=]algorithm[+sampler]`` apart.

    Raises:
        UserError: an unknown algorithm or sampler, or an invalid name.
    """
    label, sign, text = name.rpartition("=")
    if sign and not LABEL.fullmatch(label):
        raise UserError(
            f"--algos: '{label}' is no label; one is made of letters, digits, '_' and '-'."
        )
    if (label or text).casefold() in NO_ARM:
        raise UserError(
            f"--algos: '{label or text}' is a file or folder of every comparison; give the arm "
            "another label."
        )
    with as_user_error(AlgorithmError):
        algorithm, sampler = split(text)
    if label in {*algorithm_names(), *sampler_names()} - {algorithm, sampler}:
        raise UserError(
            f"--algos: '{label}' is another method's name, and {text} under it would take that "
            "one's settings; give the arm another label."
        )
    return Typed(label, text, algorithm, sampler)


def own_settings(typed: Typed) -> list[str]:
    """Names of an arm's settings: the algorithm's, the sampler's, and what it may have of the
    optimiser by itself."""
    kind, (sampler, _) = get_algorithm(typed.algorithm), sampler_of(typed.algorithm, typed.sampler)
    optim = [f"optim.{name}" for name in OwnOptim.model_fields]
    return [*kind.Settings.model_fields, *sampler.Settings.model_fields, *optim]


def parse_arms(names: list[str], settings: dict[str, dict[str, Any]]) -> list[Arm]:
    """Arms from ``grpo``, ``dapo+dps`` or ``label=grpo`` and settings by arm, algorithm or sampler,
    validated by the methods.

    Raises:
        UserError: an unknown method or setting, or a label that appears twice.
    """
    if not isinstance(settings, Mapping):
        raise UserError(f"algorithms takes settings by arm, as in grpo.beta, not '{settings}'.")
    settings = {str(key): values for key, values in settings.items()}  # YAML has 1 as a number
    typed = [read_arm(name) for name in names]
    keys = [key for arm in typed for key in arm.keys]
    for key, values in settings.items():
        if not isinstance(values, dict):
            raise UserError(f"'{key}' takes settings, as in {key}.name=value, not '{values}'.")
        if key not in (every := [*keys, *algorithm_names(), *sampler_names()]):
            raise unknown("arm", key, every)
    called = [arm.name for arm in typed]
    twice = {name for name in called if called.count(name) > 1}
    if twice:
        raise UserError(
            f"Arm '{min(twice)}' appears twice; give one a label, e.g. again={min(twice)}."
        )
    _refuse_idle(typed, settings)
    return [_arm(arm, settings) for arm in typed]


def _refuse_idle(typed: list[Typed], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a setting of an algorithm's own sampler where each of its arms has another one."""
    for key, values in settings.items():
        arms = [arm for arm in typed if key in arm.keys]
        for name in values if arms else ():
            if name != "optim" and not any(_place(arm, key, str(name)) for arm in arms):
                own, _ = sampler_of(key, None)
                raise UserError(
                    f"'{key}.{name}' is a setting of {key}'s own sampler, '{own.name}', and "
                    f"'{arms[0].name}' has another: it would not hold. Leave it out."
                )


def _arm(typed: Typed, settings: Mapping[str, Mapping[str, Any]]) -> Arm:
    kind = get_algorithm(typed.algorithm)
    sampler, defaults = sampler_of(typed.algorithm, typed.sampler)
    given: dict[str, dict[str, Any]] = {"settings": {}, "sampler_settings": defaults, "optim": {}}
    for key in typed.keys:
        for name, value in settings.get(key, {}).items():
            if name == "optim":
                given[name] = layers.merge(given[name], value) if isinstance(value, dict) else value
            elif place := _place(typed, key, str(name)):
                given[place][name] = value
    layers.parse(kind.Settings, given["settings"], f"algorithm '{typed.algorithm}'")
    layers.parse(sampler.Settings, given["sampler_settings"], f"sampler '{typed.sampler}'")
    layers.parse(OwnOptim, given["optim"], f"arm '{typed.name}'")
    arm = {"name": typed.name, "algorithm": typed.algorithm, "sampler": typed.sampler, **given}
    return layers.parse(Arm, arm, "--algos")


def _place(typed: Typed, key: str, name: str) -> str:
    """Who owns a setting that stands under ``key``: the method that has one of its name; nobody
    where it is the algorithm's own sampler's and this arm has another."""
    algorithm = get_algorithm(typed.algorithm).Settings.model_fields
    sampler = sampler_of(typed.algorithm, typed.sampler)[0].Settings.model_fields
    has = {"settings": algorithm, "sampler_settings": sampler}
    places = [place for place, fields in has.items() if name in fields]
    if len(places) == 1:
        return places[0]
    if places and key in (typed.algorithm, typed.sampler):
        return "settings" if key == typed.algorithm else "sampler_settings"
    if places:
        raise UserError(
            f"'{key}.{name}' may be the algorithm's or the sampler's: say "
            f"{typed.algorithm}.{name} or {typed.sampler}.{name}."
        )
    own, _ = sampler_of(typed.algorithm, None)
    if key == typed.algorithm and name in own.Settings.model_fields:
        return ""
    raise unknown(f"setting of '{key}'", name, [*algorithm, *sampler])


def refuse_unheld(config: Config, arms: list[Arm]) -> None:
    """Refuse a setting that would silently not hold for an arm: its loss leaves a correction out,
    a share of its batch would have no group, or its run would end within the warm-up.

    Raises:
        UserError: names the arm and the setting.
    """
    groups = config.rollout.prompts_per_step
    for arm in arms:
        optim = arm.configured(config).optim
        shares, updates = optim.updates_per_step, config.steps * optim.updates_a_step
        if shares > groups:
            raise UserError(
                f"Arm '{arm.name}' cuts {groups} groups into optim.updates_per_step={shares} "
                "shares, and a share without a group trains on nothing: lower it, or raise "
                "rollout.prompts_per_step."
            )
        if optim.warmup_updates > updates:
            raise UserError(
                f"Arm '{arm.name}' makes {updates:,} updates, and optim.warmup_updates="
                f"{optim.warmup_updates} would end after the last: its learning rate would never "
                "be optim.lr. Lower it, or raise steps."
            )
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
    sampler, defaults = sampler_of(arm.algorithm, arm.sampler)
    chosen = sampler.Settings.model_validate({**defaults, **arm.sampler_settings})
    own = arm.optim.model_dump(mode="json", exclude_none=True)
    return {
        "arm": arm.name,
        "algorithm": arm.algorithm,
        "sampler": sampler.name,
        "settings": settings.model_dump(mode="json"),
        "sampler_settings": chosen.model_dump(mode="json"),
        **({"optim": own} if own else {}),
    }
