"""Presets, YAML files and --set as layers of settings, merged and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from srpo_bench import strict_yaml
from srpo_bench.harness.errors import UserError, unknown
from srpo_bench.harness.hints import unknown_setting

PRESETS = Path(__file__).parent / "presets"


T = TypeVar("T", bound=BaseModel)


def preset_names() -> list[str]:
    """Presets that ship with the package."""
    return sorted(p.stem for p in PRESETS.glob("*.yaml"))


def read_preset(name: str) -> dict[str, Any]:
    """A preset's values, or an error that suggests one."""
    if name not in preset_names():
        raise unknown("preset", name, preset_names())
    return read_yaml(PRESETS / f"{name}.yaml")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping from a file."""
    try:
        value = _loaded(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(value, dict):
        found = "sets nothing" if value is None else f"holds a {type(value).__name__}"
        raise UserError(f"{path} {found}; settings are written as in `bench config`: steps: 50.")
    return value


def _loaded(text: str) -> Any:
    """YAML's value.

    Raises:
        yaml.YAMLError: it is none, or one that holds itself, or what no file can hold.
    """
    value = strict_yaml.load(text)
    try:
        json.dumps(value, default=str, skipkeys=True, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise yaml.YAMLError("half a surrogate pair is no text") from error
    except (ValueError, RecursionError) as error:
        raise yaml.YAMLError("an anchor stands within itself") from error
    return value


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge, later layers win."""
    out: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping) and isinstance(out.get(key), dict):
                out[key] = merge(out[key], value)
            else:
                out[key] = merge(value) if isinstance(value, Mapping) else value
    return out


def stack(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """``merge`` of whole sources of settings. What one of them scores belongs to what it trains on:
    where a later one names tasks to train on and none to score, those are scored."""
    out: dict[str, Any] = {}
    for layer in layers:
        stated = flat(layer)
        if "data.tasks" in stated and "evaluation.tasks" not in stated:
            scored = out.get("evaluation")
            if isinstance(scored, dict):  # what is no section, parse refuses
                scored.pop("tasks", None)
        out = merge(out, layer)
    return out


def assignments(pairs: list[str]) -> dict[str, Any]:
    """``["optim.lr=3e-5"]`` as a nested mapping; values are YAML."""
    out: dict[str, Any] = {}
    for pair in pairs:
        path, sign, text = pair.partition("=")
        if not sign or not path:
            raise UserError(f"--set takes path=value, not '{pair}'.")
        out = merge(out, nested(path.split("."), scalar(text)))
    return out


def scalar(text: str) -> Any:
    """A value as it is typed: YAML."""
    try:
        return _loaded(text)
    except yaml.YAMLError as error:
        raise UserError(f"'{text}' is not a YAML value.") from error


def nested(path: list[str], value: Any) -> dict[str, Any]:
    """A value at the end of a path of keys."""
    return {path[0]: value if len(path) == 1 else nested(path[1:], value)}


def deep(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted path as a nested mapping: what ``flat`` was made of."""
    return merge(*(nested(path.split("."), value) for path, value in values.items()))


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping by dotted path."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def parse(model: type[T], values: Mapping[str, Any], where: str) -> T:
    """Validate, or raise one clear sentence with a suggestion for unknown keys."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = _fault(error)
        path = ".".join(p for p in map(str, first["loc"]) if not _is_a_type(p))
        if first["type"] == "extra_forbidden":
            raise unknown_setting(path, setting_paths(model), where) from error
        got = f", got {first['input']!r}" if not isinstance(first["input"], dict) else ""
        message = first["msg"].removeprefix("Value error, ")
        place = f"Setting '{path}' in {where}" if path else f"In {where}"
        raise UserError(f"{place}: {message}{got}.") from error


def _fault(error: ValidationError) -> Any:
    """The first of an error's faults. Of a setting that may be one thing or a mapping, each was
    tried, and what was said of a mapping's inside is meant."""
    first, *others = error.errors()
    within = [fault for fault in others if fault["loc"][:2] == first["loc"][:2]]
    return max(first, *within, key=lambda fault: len(fault["loc"])) if within else first


def _is_a_type(part: str) -> bool:
    """Pydantic's own word in an error's place: which member of a union it tried."""
    return part.startswith(("constrained-", "dict[", "list[", "tuple[", "function-"))


def setting_paths(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting of a model, by dotted path, sections included."""
    out: list[str] = []
    for name, info in model.model_fields.items():
        out.append(prefix + name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            out += setting_paths(info.annotation, f"{prefix}{name}.")
    return out
