"""Algorithms by name: ours, and those of installed packages (entry points ``bench.algorithms``).

Nothing is imported before it is asked for, so listing names costs no torch.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srpo_bench.algorithms.base import Algorithm

GROUP = "bench.algorithms"

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

LADDER = ("grpo", "grpo-token", "srpo-paper", "srpo")
"""Each rung changes one idea of the one before it."""

CONTROLS = ("grpo-masked", "hr-random", "random-reward")
"""What a rung's idea must beat: its scale effect, its shrinking pool, no signal at all."""


class AlgorithmError(ValueError):
    """No such algorithm, or a plug-in that is none; the message is one sentence."""


def algorithm_names() -> list[str]:
    """All names ``get`` knows: built-in ones in their order, then plug-ins by name."""
    return [*BUILT_IN, *sorted(_plugins())]


def get(name: str) -> type[Algorithm[Any]]:
    """The class of an algorithm.

    Raises:
        AlgorithmError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    if name in BUILT_IN:
        module, cls = BUILT_IN[name].split(":")
        found: type[Algorithm[Any]] = getattr(importlib.import_module(module), cls)
        return found
    if name in (plugins := _plugins()):
        return _load(_only(plugins[name]))
    names = [*BUILT_IN, *sorted(plugins)]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}."
    raise AlgorithmError(f"No algorithm is called {name!r}; {hint}")


def broken() -> dict[str, str]:
    """What installed packages offer and cannot be used: name -> why, a sentence. Imports them."""
    found = {
        point.name: f"{_origin(point)} offers an algorithm called {point.name!r}, which is a "
        "built-in one; give it another name or uninstall it."
        for point in entry_points(group=GROUP)
        if point.name in BUILT_IN
    }
    for name in sorted(_plugins()):
        try:
            get(name)
        except AlgorithmError as error:
            found[name] = str(error)
    return found


def _plugins() -> dict[str, list[EntryPoint]]:
    """Who offers which name; a built-in name is not for others."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        if point.name not in BUILT_IN:
            found.setdefault(point.name, []).append(point)
    return found


def _only(points: list[EntryPoint]) -> EntryPoint:
    """The one that is meant; a package that is installed twice says the same twice."""
    for other in points[1:]:
        if other.value != points[0].value:
            raise AlgorithmError(
                f"{_origin(points[0])} and {_origin(other)} both offer an algorithm called "
                f"{other.name!r}; uninstall one of them."
            )
    return points[0]


def _load(point: EntryPoint) -> type[Algorithm[Any]]:
    from srpo_bench.algorithms.base import Algorithm

    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # a third party's import may fail in any way
        raise AlgorithmError(
            f"{_origin(point)} offers the algorithm {point.name!r}, but importing {point.value} "
            f"failed: {type(error).__name__}: {error}"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Algorithm)):
        wrong = "is not a subclass of srpo_bench.algorithms.base.Algorithm"
    else:
        wrong = _what_is_wrong(loaded, point.name)
    if wrong:
        raise AlgorithmError(f"{point.value}, from {_origin(point)}, {wrong}.")
    checked: type[Algorithm[Any]] = loaded
    return checked


def _what_is_wrong(loaded: type[Algorithm[Any]], name: str) -> str:
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
