"""What ``make dev`` installs is pinned, whatever brings it. What is not, a resolver may take from
years ago to suit what is: s3fs 0.4.2 was installed so."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TREE = Path(__file__).resolve().parents[1]


def brought() -> set[str]:
    """Names of all that the package and its ``dev`` extra need here, and what these need, but for
    what is asked for in one version alone, as torch asks for CUDA's libraries."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["dev"]
    direct = [Requirement(line) for line in [*project["dependencies"], *extra]]
    todo = [needed for needed in direct if needed.marker is None or needed.marker.evaluate()]
    seen: set[tuple[str, frozenset[str]]] = set()
    exact: set[str] = set()
    while todo:
        wanted = todo.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        exact |= {name for clause in wanted.specifier if clause.operator == "=="}
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in (*extras, "")):
                todo.append(needed)
    return {name for name, _ in seen} - exact


def test_all_that_is_brought_is_pinned() -> None:
    lines = (TREE / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(re.split("==", line)[0]) for line in lines}
    assert brought() - pinned == set()
