"""Which numbers a setting takes, tried at the ends of its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

ENDS = (0.0, 0.5, 1.0, 2.0)
"""Where the intervals of settings end."""


def takes(kind: type[BaseModel], name: str, value: Any) -> bool:
    """Is this a value of the setting? Other settings' complaints do not count."""
    try:
        kind.model_validate({name: value})
    except ValidationError as error:
        return not any(fault["loc"][:1] == (name,) for fault in error.errors())
    return True


def interval(kind: type[BaseModel], name: str, ends: Sequence[float] = ENDS) -> str:
    """``[0, 1)``: where the values end, and whether the ends are values; blank where it is open."""
    whole = not any(takes(kind, name, value) for value in (0.25, 1.25, 2.25))
    step = 1 if whole else 1e-9
    low, high = "(", ")"
    for end in ends:
        inside, below, above = (takes(kind, name, end + by) for by in (0, -step, step))
        if above and not below:
            low = f"{'[' if inside else '('}{end:g}"
        if below and not above:
            high = f"{end:g}{']' if inside else ')'}"
    return f"{low}, {high}"


def described(kind: type[BaseModel]) -> dict[str, str]:
    """Numeric setting -> ``default in interval``."""
    numeric = {
        name: info.default
        for name, info in kind.model_fields.items()
        if not isinstance(info.default, bool | str | tuple)
        and any(takes(kind, name, value) for value in (0.25, 3))
    }
    return {
        name: f"{default if default is None else format(default, '.9g')} in {interval(kind, name)}"
        for name, default in numeric.items()
    }
