"""Regular expressions mean the same in every Python that the project is for.

Before 3.11.5 a group that is repeated possessively, ``(?:a|bc)++``, and an atomic group may match
what they should not, or nothing (CPython issue 106052); Debian 12 has 3.11.2.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

import srpo_bench


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(srpo_bench.__path__, "srpo_bench."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def patterns(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from patterns([*value, *value.values()])
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from patterns(item)


def misread(parsed: Any) -> bool:
    """Whether an older Python may read some part of a parsed pattern otherwise."""
    if isinstance(parsed, _parser.SubPattern):
        return any(misread(node) for node in parsed.data)
    if not isinstance(parsed, (list, tuple)):
        return False
    if parsed and parsed[0] is _constants.ATOMIC_GROUP:
        return True
    if parsed and parsed[0] is _constants.POSSESSIVE_REPEAT:
        repeated = parsed[1][2]
        return len(repeated) != 1 or repeated.getwidth() != (1, 1) or misread_group(repeated)
    return any(misread(part) for part in parsed)


def misread_group(repeated: Any) -> bool:
    return repeated.data[0][0] in (_constants.BRANCH, _constants.SUBPATTERN)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a++[bc]*+.?+", False),
        ("(a|b)+", False),
        ("(?:a|bc)++", True),
        ("(?:a|b){2,3}+", False),  # is [ab]
        ("((?:ab)?+)", True),
        ("x(?>a|bc)", True),
        ("(?=(?:ab|c)*+)", True),
    ],
)
def test_what_is_misread(pattern: str, expected: bool) -> None:
    assert misread(_parser.parse(pattern)) is expected


def test_no_pattern_is_misread() -> None:
    found = {
        (module.__name__, name, pattern.pattern): misread(
            _parser.parse(pattern.pattern, pattern.flags)
        )
        for module in modules()
        for name, value in vars(module).items()
        if not name.startswith("__")
        for pattern in patterns(value)
    }
    assert len(found) > 100
    assert [where for where, wrong in found.items() if wrong] == []
