"""Methods by name: ours, and those of installed packages. Algorithms (entry points
``bench.algorithms``) and samplers (``bench.samplers``).

Nothing is imported before it is asked for, so listing names costs no torch.
"""

from __future__ import annotations

from inspect import isabstract, isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from srpo_bench import files
from srpo_bench.plugins import Registry, nearest

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

LADDER = ("grpo", "grpo-token", "grpo-token+history", "srpo-paper", "srpo")
"""Each rung changes one idea: the loss, the choice of prompts; on that, two stages, or replay."""

CONTROLS = ("grpo-masked", "hr-random", "random-reward")
"""What a rung's idea must beat: its scale effect, its shrinking pool, no signal at all."""

LOSS_OF_SAMPLERS = "grpo-token"
"""What an arm trains with that names a sampler alone."""


class AlgorithmError(ValueError):
    """No such method, or an invalid plug-in; the message is one sentence."""


def _algorithm_fault(loaded: Any, name: str) -> str:
    from srpo_bench.algorithms.base import Algorithm

    return _fault(Algorithm, loaded, name)


def _sampler_fault(loaded: Any, name: str) -> str:
    from srpo_bench.algorithms.samplers.base import Sampler

    return _fault(Sampler, loaded, name)


def _fault(base: type[Any], loaded: Any, name: str) -> str:
    """What is wrong with a class that a package enters under a name."""
    from srpo_bench.algorithms.base import Settings

    if not isclass(loaded) or not issubclass(loaded, base):
        return f"is not a subclass of {base.__module__}.{base.__name__}"
    method: Any = loaded
    texts = ("name", "paper", "changes", "formula")
    missing = [f for f in texts if not isinstance(getattr(method, f, None), str)]
    if missing:
        return f"does not set {', '.join(missing)} as text"
    if not isclass(method.Settings) or not issubclass(method.Settings, Settings):
        return "has Settings that are no subclass of srpo_bench.algorithms.base.Settings"
    if isabstract(method):
        return f"does not define {', '.join(sorted(method.__abstractmethods__))}"
    if method.name != name:
        return f"calls itself {method.name!r} but is entered as {name!r}; the two must agree"
    return ""


_ALGORITHMS = Registry("algorithm", "bench.algorithms", BUILT_IN, _algorithm_fault, AlgorithmError)
_SAMPLERS = Registry("sampler", "bench.samplers", SAMPLERS, _sampler_fault, AlgorithmError)


def enter(path: Path, attribute: str) -> tuple[Literal["algorithm", "sampler"], str]:
    """Make the algorithm or sampler of a file known; what it is, and its name.

    Raises:
        AlgorithmError: the file cannot be used.
    """
    from srpo_bench.algorithms.samplers.base import Sampler

    loaded = files.load(path, attribute, AlgorithmError)
    name = str(getattr(loaded, "name", attribute))
    is_sampler = isclass(loaded) and issubclass(loaded, Sampler)
    (_SAMPLERS if is_sampler else _ALGORITHMS).enter(loaded, name, f"{path}:{attribute}")
    return "sampler" if is_sampler else "algorithm", name


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
    kind: type[Algorithm[Any]] = _ALGORITHMS.get(name)
    return kind


def get_sampler(name: str) -> type[Sampler[Any]]:
    """The class of a sampler.

    Raises:
        AlgorithmError: the name is unknown, or belongs to a plug-in that cannot be used.
    """
    kind: type[Sampler[Any]] = _SAMPLERS.get(name)
    return kind


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
    raise AlgorithmError(f"No algorithm or sampler is called {name!r}; {nearest(name, names)}")


def sampler_of(algorithm: str, sampler: str | None) -> tuple[type[Sampler[Any]], dict[str, Any]]:
    """The sampler of an arm, and where its settings differ from its own defaults; None: the
    algorithm's own.

    Raises:
        AlgorithmError: a name is unknown, or belongs to a plug-in that cannot be used.
    """
    own = get(algorithm)
    name = sampler or own.sampler
    return get_sampler(name), dict(own.sampler_settings) if name == own.sampler else {}
