"""Things by name: a room's own, those that installed packages offer as entry points, and those of
files that somebody has named.

Nothing is imported before it is asked for, so listing names costs nothing.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


def nearest(name: str, names: Iterable[str]) -> str:
    """What may have been meant, in whatever case: the end of a sentence about a name that is not
    among ``names``."""
    listed = {one.casefold(): one for one in names}
    close = difflib.get_close_matches(name.casefold(), listed, n=1)
    if close:
        return f"did you mean {listed[close[0]]!r}?"
    return f"there are: {', '.join(listed.values())}."


def offered(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of that group that packages bring which are installed on ``sys.path``."""
    return _offered(group, tuple(sys.path))


@lru_cache(maxsize=16)
def _offered(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Read once a path: every look opens a file of every installed package."""
    return tuple(entry_points(group=group))


@dataclass(frozen=True)
class Registry:
    """One kind of thing.

    built_in: name -> ``module:Name``, in the order in which they are listed.
    fault: what is wrong with an object that a package enters under a name; empty where nothing is.
    error: raised with one sentence.   make: what is done with the class of that name.
    """

    kind: str
    group: str
    built_in: Mapping[str, str]
    fault: Callable[[Any, str], str]
    error: type[Exception]
    make: Callable[[Any], Any] = lambda loaded: loaded
    entered: dict[str, Any] = field(default_factory=dict)
    """What files have brought, in this process."""

    def names(self) -> list[str]:
        """All names ``get`` knows: built-in ones in their order, then plug-ins by name."""
        return [*self.built_in, *sorted({*self._plugins(), *self.entered})]

    def enter(self, loaded: Any, name: str, where: str) -> None:
        """Make known under its name what stands in a file, ``where``.

        Raises:
            ``error``: it is of no use, or the name is somebody else's.
        """
        try:
            made = self.make(loaded)
        except (Exception, SystemExit) as error:
            raise self.error(
                f"{where}: making it failed: {type(error).__name__}: {error}."
            ) from error
        if fault := self.fault(made, name):
            raise self.error(f"{where} {fault}.")
        if name in self.built_in or name in self._plugins():
            whose = "a built-in one" if name in self.built_in else "an installed package's"
            raise self.error(
                f"{where} is {self._a} called {name!r}, which is {whose}; give it another name."
            )
        self.entered[name] = made

    def get(self, name: str) -> Any:
        """What is made of that name; ``error`` where there is none, or a plug-in cannot be used."""
        if name in self.built_in:
            module, attribute = self.built_in[name].split(":")
            return self.make(getattr(importlib.import_module(module), attribute))
        if name in self.entered:
            return self.entered[name]
        plugins = self._plugins()
        if name in plugins:
            return self._load(self._only(plugins[name]))
        raise self.error(f"No {self.kind} is called {name!r}; {nearest(name, self.names())}")

    def broken(self) -> dict[str, str]:
        """What installed packages offer and cannot be used: name -> why. Imports them."""
        faults = {
            point.name: f"{_origin(point)} offers {self._a} called {point.name!r}, which is a "
            "built-in one; give it another name or uninstall it."
            for point in offered(self.group)
            if point.name in self.built_in
        }
        for name in sorted(self._plugins()):
            try:
                self.get(name)
            except self.error as error:
                faults[name] = str(error)
        return faults

    @property
    def _a(self) -> str:
        return f"{'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind}"

    def _plugins(self) -> dict[str, list[EntryPoint]]:
        """Who offers which name; a built-in name is not for others."""
        points: dict[str, list[EntryPoint]] = {}
        for point in offered(self.group):
            if point.name not in self.built_in:
                points.setdefault(point.name, []).append(point)
        return points

    def _only(self, points: list[EntryPoint]) -> EntryPoint:
        """The one that is meant; a package that is installed twice says the same twice."""
        for other in points[1:]:
            if other.value != points[0].value:
                raise self.error(
                    f"{_origin(points[0])} and {_origin(other)} both offer {self._a} called "
                    f"{other.name!r}; uninstall one of them."
                )
        return points[0]

    def _load(self, point: EntryPoint) -> Any:
        doing = "importing"
        try:
            loaded = point.load()
            doing = "making"
            made = self.make(loaded)
        except (Exception, SystemExit) as error:  # a third party's code may fail in any way
            raise self.error(
                f"{_origin(point)} offers the {self.kind} {point.name!r}, but {doing} "
                f"{point.value} failed: {type(error).__name__}: {error}"
            ) from error
        if fault := self.fault(made, point.name):
            raise self.error(f"{point.value}, from {_origin(point)}, {fault}.")
        return made


def _origin(point: EntryPoint) -> str:
    return f"the package {point.dist.name!r}" if point.dist else f"the entry point {point.value}"
