"""Methods by name: ours, and those of installed packages. Algorithms (entry points
``bench.algorithms``) and samplers (``bench.samplers``).

Nothing is imported before it is asked for, so listing names costs no torch.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srpo_bench.algorithms.base import Algorithm
    from srpo_bench.algorithms.samplers.base import Sampler

BUILT_IN = {
    "grpo": "srpo_bench.algorithms.grpo:GRPO",
    "grpo-token": "srpo_bench.algorithms.grpo_token:GRPOToken",
    "srpo-paper": "srpo_bench.algorithms.srpo_paper:SRPOPaper",
    "srpo": "srpo_bench.algorithms.srpo:SRPO",
    "grpo-masked": "srpo_bench.algorithms.grpo_masked:GRPOMasked",
    "hr-random": "srpo_bench.algorithms.hr_random:HRRandom",
    "dapo": "srpo_bench.algorithms.dapo:DAPO",
    "dr_grpo": "srpo_bench.algorithms.dr_grpo:DrGRPO",
    "rloo": "srpo_bench.algorithms.rloo:RLOO",
    "gspo": "srpo_bench.algorithms.gspo:GSPO",
    "cispo": "srpo_bench.algorithms.cispo:CISPO",
    "random-reward": "srpo_bench.algorithms.random_reward:RandomReward",
    "grpo-again": "srpo_bench.algorithms.grpo_again:GRPOAgain",
}
"""The ladder first, then the controls and the relatives: the order in which they are listed."""

SAMPLERS = {
    "shuffled": "srpo_bench.algorithms.samplers.shuffled:Shuffled",
    "history": "srpo_bench.algorithms.samplers.history:History",
    "npr": "srpo_bench.algorithms.samplers.npr:NPR",
    "dynamic": "srpo_bench.algorithms.samplers.dynamic:Dynamic",
    "dps": "srpo_bench.algorithms.samplers.dps:DPS",
    "greso": "srpo_bench.algorithms.samplers.greso:GRESO",
    "mopps": "srpo_bench.algorithms.samplers.mopps:MoPPS",
    "speed": "srpo_bench.algorithms.samplers.speed:SPEED",
    "pods": "srpo_bench.algorithms.samplers.pods:PODS",
    "history-random": "srpo_bench.algorithms.samplers.history_random:HistoryRandom",
    "shuffled-again": "srpo_bench.algorithms.samplers.shuffled:ShuffledAgain",
}
"""The methods, then the controls."""

LADDER = ("grpo", "grpo-token", "srpo-paper", "srpo")
"""Each rung changes one idea of the one before it."""

CONTROLS = ("grpo-masked", "hr-random", "random-reward")
"""What a rung's idea must beat: its scale effect, its shrinking pool, no signal at all."""

LOSS_OF_SAMPLERS = "grpo-token"
"""What an arm trains with that names a sampler alone."""


class AlgorithmError(ValueError):
    """No such method, or a plug-in that is none; the message is one sentence."""


@dataclass(frozen=True)
class Registry:
    """One kind of method. base: its abstract class, ``module:Name``."""

    kind: str
    group: str
    built_in: Mapping[str, str]
    base: str

    def names(self) -> list[str]:
        """All names ``get`` knows: built-in ones in their order, then plug-ins by name."""
        return [*self.built_in, *sorted(self._plugins())]

    def get(self, name: str) -> Any:
        """The class of a method.

        Raises:
            AlgorithmError: the name is unknown, or belongs to a plug-in that cannot be used.
        """
        if name in self.built_in:
            return _import(self.built_in[name])
        if name in (plugins := self._plugins()):
            return self._load(self._only(plugins[name]))
        raise AlgorithmError(_unknown(self.kind, name, [*self.built_in, *sorted(plugins)]))

    def broken(self) -> dict[str, str]:
        """What installed packages offer and cannot be used: name -> why, a sentence. Imports it."""
        found = {
            point.name: f"{_origin(point)} offers {self._a} called {point.name!r}, which is a "
            "built-in one; give it another name or uninstall it."
            for point in entry_points(group=self.group)
            if point.name in self.built_in
        }
        for name in sorted(self._plugins()):
            try:
                self.get(name)
            except AlgorithmError as error:
                found[name] = str(error)
        return found

    @property
    def _a(self) -> str:
        return f"an {self.kind}" if self.kind[0] in "aeiou" else f"a {self.kind}"

    def _plugins(self) -> dict[str, list[EntryPoint]]:
        """Who offers which name; a built-in name is not for others."""
        found: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=self.group):
            if point.name not in self.built_in:
                found.setdefault(point.name, []).append(point)
        return found

    def _only(self, points: list[EntryPoint]) -> EntryPoint:
        """The one that is meant; a package that is installed twice says the same twice."""
        for other in points[1:]:
            if other.value != points[0].value:
                raise AlgorithmError(
                    f"{_origin(points[0])} and {_origin(other)} both offer {self._a} called "
                    f"{other.name!r}; uninstall one of them."
                )
        return points[0]

    def _load(self, point: EntryPoint) -> Any:
        try:
            loaded = point.load()
        except (Exception, SystemExit) as error:  # a third party's import may fail in any way
            raise AlgorithmError(
                f"{_origin(point)} offers the {self.kind} {point.name!r}, but importing "
                f"{point.value} failed: {type(error).__name__}: {error}"
            ) from error
        if not (isinstance(loaded, type) and issubclass(loaded, _import(self.base))):
            wrong = f"is not a subclass of {self.base.replace(':', '.')}"
        else:
            wrong = _what_is_wrong(loaded, point.name)
        if wrong:
            raise AlgorithmError(f"{point.value}, from {_origin(point)}, {wrong}.")
        return loaded


_ALGORITHMS = Registry(
    "algorithm", "bench.algorithms", BUILT_IN, "srpo_bench.algorithms.base:Algorithm"
)
_SAMPLERS = Registry(
    "sampler", "bench.samplers", SAMPLERS, "srpo_bench.algorithms.samplers.base:Sampler"
)


def algorithm_names() -> list[str]:
    """All algorithms: built-in ones in their order, then plug-ins by name."""
    return _ALGORITHMS.names()


def sampler_names() -> list[str]:
    """All samplers: built-in ones in their order, then plug-ins by name."""
    return _SAMPLERS.names()


def get(name: str) -> type[Algorithm[Any]]:
    """The class of an algorithm.

    Raises:
        AlgorithmError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    found: type[Algorithm[Any]] = _ALGORITHMS.get(name)
    return found


def get_sampler(name: str) -> type[Sampler[Any]]:
    """The class of a sampler.

    Raises:
        AlgorithmError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    found: type[Sampler[Any]] = _SAMPLERS.get(name)
    return found


def broken() -> dict[str, str]:
    """What installed packages offer and cannot be used: name -> why, a sentence. Imports it."""
    return _ALGORITHMS.broken() | _SAMPLERS.broken()


def split(name: str) -> tuple[str, str]:
    """The algorithm and the sampler that ``algorithm``, ``sampler`` or ``algorithm+sampler`` names.

    An algorithm alone has its own sampler; a sampler alone goes with ``LOSS_OF_SAMPLERS``.

    Raises:
        AlgorithmError: a name is unknown, or belongs to a plug-in that cannot be used.
    """
    first, plus, second = name.partition("+")
    if plus:
        return get(first).name, get_sampler(second).name
    if name in algorithm_names():
        return name, get(name).sampler
    if name in sampler_names():
        return LOSS_OF_SAMPLERS, get_sampler(name).name
    names = [*algorithm_names(), *sampler_names()]
    raise AlgorithmError(_unknown("algorithm or sampler", name, names))


def sampler_of(algorithm: str, sampler: str | None) -> tuple[type[Sampler[Any]], dict[str, Any]]:
    """The sampler of an arm, and where its settings differ from its own defaults; None: the
    algorithm's own.

    Raises:
        AlgorithmError: a name is unknown, or belongs to a plug-in that cannot be used.
    """
    own = get(algorithm)
    name = sampler or own.sampler
    return get_sampler(name), dict(own.sampler_settings) if name == own.sampler else {}


def _unknown(kind: str, name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}."
    return f"No {kind} is called {name!r}; {hint}"


def _import(place: str) -> Any:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def _what_is_wrong(loaded: type[Any], name: str) -> str:
    from srpo_bench.algorithms.base import Settings

    texts = ("name", "paper", "changes", "formula")
    missing = [f for f in texts if not isinstance(getattr(loaded, f, None), str)]
    if missing:
        return f"does not set {', '.join(missing)} as text"
    if not (isinstance(loaded.Settings, type) and issubclass(loaded.Settings, Settings)):
        return "has Settings that are no subclass of srpo_bench.algorithms.base.Settings"
    if inspect.isabstract(loaded):
        return f"does not define {', '.join(sorted(loaded.__abstractmethods__))}"
    if loaded.name != name:
        return f"calls itself {loaded.name!r} but is entered as {name!r}; the two must agree"
    return ""


def _origin(point: EntryPoint) -> str:
    return f"the package {point.dist.name!r}" if point.dist else f"the entry point {point.value}"
