"""Writes docs/config.md from the settings. Run it when a setting is new, gone or described anew.

The words before the first table are the page's own; the tables are made.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config

PAGE = Path(__file__).resolve().parents[1] / "docs" / "config.md"
OPEN = "<!-- written by scripts/config_page.py -->\n"


def page() -> str:
    """The page as it should be."""
    before = PAGE.read_text(encoding="utf-8").partition(OPEN)[0]
    return before + OPEN + "\n".join(_section(Config, ""))


def _section(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """A table of a section's settings, then its own sections."""
    presets = [layers.flat(layers.read_preset(name)) for name in layers.preset_names()]
    inner = {}
    yield f"\n## {prefix.rstrip('.') or 'The comparison'}\n"
    if model.__doc__ and prefix:
        yield " ".join(model.__doc__.split()) + "\n"
    names = layers.preset_names()
    yield f"| setting | values | default | {' | '.join(names)} | meaning |"
    yield f"|---|---|---|{'---|' * len(names)}---|"
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            inner[name] = info.annotation
            continue
        path = prefix + name
        by_preset = [_value(p[path]) if path in p else "" for p in presets]
        default = _value(info.get_default(call_default_factory=True))
        meaning = (info.description or "").replace("|", "\\|")
        values = _type(info.annotation)
        yield f"| `{path}` | {values} | {default} | {' | '.join(by_preset)} | {meaning} |"
    for name, section in inner.items():
        yield from _section(section, f"{prefix}{name}.")


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, list | tuple | dict):
        return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"
    return f"`{json.dumps(value)}`"


def _type(annotation: Any) -> str:
    """What may be put there, in words."""
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in inside)
    if origin is typing.Annotated:
        return _type(inside[0])
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(_type(part) for part in inside if part is not type(None)))
    if origin in (tuple, list):
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return "mapping"
    names = {bool: "yes or no", int: "integer", float: "number", str: "text", Path: "path"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
