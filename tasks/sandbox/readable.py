"""What a program may read of this machine: Python, the system's libraries and a few packages.

Nothing that is installed beside them, be it in Python's own folder: HumanEval's answers are.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

_SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/usr/share/zoneinfo", "/etc/ld.so.cache"),
)
_INSTALLED = ("site-packages", "dist-packages")
_PACKAGES = ("numpy",)
"""Third-party packages that a program may import where they are installed."""


def python() -> Path:
    """The interpreter's own file."""
    return Path(sys.executable).resolve()


def packages() -> dict[str, Path]:
    """The folders of the packages that are installed, by name."""
    found = {}
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or [])[:1] if spec else []:
            found[name] = Path(place)
    return found


def with_libraries(packages: Iterable[Path]) -> list[Path]:
    """The packages' folders, with the folders of shared libraries beside them."""
    beside = [path.with_name(f"{path.name}.libs") for path in packages]
    return [*packages, *(path for path in beside if path.is_dir())]


def system() -> list[Path]:
    """What there is of Python and of the system's libraries: files, folders and links."""
    prefix = Path(sys.base_prefix).resolve()  # as Python finds it from its own file
    stdlib = Path(sysconfig.get_paths()["stdlib"]).resolve()
    own = (python(), prefix / "lib", prefix / "lib64", stdlib)
    places = {place for place in (*map(Path, _SYSTEM), *own) if place.exists()}
    return sorted(place for place in places if places.isdisjoint(place.parents))


def hidden() -> list[Path]:
    """Folders in ``system`` that hold what was installed: nothing in them may be read."""
    roots = {place.resolve() for place in system()}
    paths = sysconfig.get_paths()
    found = {Path(paths[name]).resolve() for name in ("purelib", "platlib")}
    for root in roots:
        for name in _INSTALLED:
            found |= {path.resolve() for path in (*root.glob(name), *root.glob(f"*/{name}"))}
    within = {path for path in found if path.is_dir() and not roots.isdisjoint(path.parents)}
    return sorted(path for path in within if within.isdisjoint(path.parents))


def without(place: Path, hidden: list[Path]) -> Iterator[Path]:
    """``place``, or where something hidden is in it, all that is beside that. No links: what they
    lead to has its own place."""
    if place in hidden:
        return
    if not any(path.is_relative_to(place) for path in hidden):
        yield place
        return
    for child in place.iterdir():
        if not child.is_symlink():
            yield from without(child, hidden)
