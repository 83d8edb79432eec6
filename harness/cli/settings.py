"""What ``bench config`` and ``bench presets`` print."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import yaml
from pydantic import BaseModel

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config


def print_config(preset: str) -> None:
    """All settings of a preset with what they mean, as YAML."""
    values = layers.read_preset(preset)
    arms = values.pop("algorithms", {})
    config = layers.parse(Config, values, f"preset '{preset}'")
    print(f"# Every setting, as preset '{preset}' has it. Keep what you change, and use it with")
    print("# bench compare --config FILE. A setting that stands nowhere keeps its default.")
    print(f"preset: {preset}")
    _section(config, "")
    if arms:
        print("# An algorithm's own settings; bench algos show NAME lists them.")
        print(_yaml({"algorithms": arms}), end="")


def print_presets() -> None:
    """A line a preset: its name and what its file says first."""
    for name in layers.preset_names():
        text = (layers.PRESETS / f"{name}.yaml").read_text(encoding="utf-8")
        lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
        print(f"{name:8} {' '.join(lines).split('. ')[0].rstrip('.')}.")


def _section(section: BaseModel, indent: str) -> None:
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if info.description:
            for line in textwrap.wrap(info.description, 96 - len(indent)):
                print(f"{indent}# {line}")
        if isinstance(value, BaseModel):
            print(f"{indent}{name}:")
            _section(value, f"{indent}  ")
        else:
            print(f"{indent}{name}: {_plain(section.model_dump(mode='json')[name])}")


def _plain(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=math.inf)
    return text.removesuffix("...\n").strip()


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None)
